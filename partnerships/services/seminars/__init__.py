"""Seminars: planned, moved, cancelled; guests invited and answering; who was there, what was decided, how it was."""

from partnerships.services.enterprises import Conflict
from partnerships.services.seminars.attendance import (
    record_attendance,
    sign_in_at_door,
    sign_in_by_link,
    sign_in_from_sheet,
    walk_ins,
    why_not_record,
    why_not_sign_in,
)
from partnerships.services.seminars.feeds import end_feed, make_feed
from partnerships.services.seminars.followup import (
    add_action_item,
    close_seminar,
    finish_action_item,
    give_feedback,
    why_not_feedback,
    write_minutes,
)
from partnerships.services.seminars.guests import (
    answer_invitation,
    invite,
    invite_to_all,
    move_guests,
    why_not_answer,
    why_not_invite,
)
from partnerships.services.seminars.planning import (
    FIELDS,
    cancel_seminar,
    change_seminar,
    plan_seminar,
    plan_series,
)

__all__ = [
    "FIELDS",
    "Conflict",
    "add_action_item",
    "answer_invitation",
    "cancel_seminar",
    "change_seminar",
    "close_seminar",
    "end_feed",
    "finish_action_item",
    "give_feedback",
    "invite",
    "invite_to_all",
    "make_feed",
    "move_guests",
    "plan_seminar",
    "plan_series",
    "record_attendance",
    "sign_in_at_door",
    "sign_in_by_link",
    "sign_in_from_sheet",
    "walk_ins",
    "why_not_answer",
    "why_not_feedback",
    "why_not_invite",
    "why_not_record",
    "why_not_sign_in",
    "write_minutes",
]
