"""A colleague about to leave, whose work is still to be handed over, and a partnership that hangs on one person."""

import uuid
from datetime import timedelta

from partnerships.models import Enterprise, Message, ProxyEntry
from partnerships.models.seminar import Answer, SeminarKind
from partnerships.models.touchpoint import Kind
from partnerships.services.seats import invite_contact
from partnerships.services.seminars import add_action_item, answer_invitation, plan_seminar, record_attendance
from partnerships.services.thread import write_message
from partnerships.services.touchpoints import log_touchpoint

Source = ProxyEntry.Source
#: The officer who leaves at the end of the month, and the partner that one person there carries.
LEAVES, ALONE = "ye", "味澜餐饮"


def leave_soon(stage):
    """What hangs on the officer beside the partners: an event ahead, one to wrap up, a promise, an invitation, a letter."""
    ye = stage.staff[LEAVES]
    own = list(Enterprise.objects.in_portfolio_of(ye).filter(state="active").order_by("-last_contact_at", "pk")[:4])
    _events(stage, ye, own)
    contact = own[0].contacts.present().filter(user=None, invitation=None).first()
    if contact is not None:
        invite_contact(_by_hand(contact), by=ye, now=stage.at(2, 15, 0))
    if not Message.objects.filter(enterprise=own[1]).exists():
        letter = {
            "source": Source.WECHAT,
            "said_by": own[1].contacts.present().first().name,
            "said_at": stage.at(1, 16, 20),
        }
        write_message(
            own[1], by=ye, on_behalf=letter, body="叶老师，寒假的实习生能早一周到岗吗？", now=stage.at(1, 16, 40)
        )
    _alone(stage)


def _by_hand(contact):
    """Nothing is mailed while the database is filled."""
    type(contact).objects.filter(pk=contact.pk).update(email="")
    contact.email = ""
    return contact


def _events(stage, ye, own):
    begins = stage.moment_ahead(12, 14, 0)
    plan_seminar(
        by=ye, form_key=uuid.uuid4(), now=stage.at(5, 9, 30), enterprises=own[:3], kind=SeminarKind.ROUND_TABLE,
        title="康养实训基地共建座谈会", title_en="Round table on the care training base", starts_at=begins,
        ends_at=begins + timedelta(hours=2), place="健康楼一楼会议室", department=ye.department,
    )  # fmt: skip
    begins = stage.moment(stage.working_day(70), 9, 0)
    held = plan_seminar(
        by=ye, form_key=uuid.uuid4(), now=begins - timedelta(days=15), enterprises=own[:1], kind=SeminarKind.JOB_TALK,
        title="养老服务专业宣讲会", title_en="Job talk on elderly care", starts_at=begins,
        ends_at=begins + timedelta(hours=2), place="报告厅", department=ye.department,
    )  # fmt: skip
    guest = held.guests.get()
    answer_invitation(
        guest, by=ye, answer=Answer.YES, head_count=2, said_by=guest.contact.address_form, source=Source.PHONE,
        now=begins - timedelta(days=9),
    )  # fmt: skip
    after = begins + timedelta(hours=3)
    held = record_attendance(held, by=ye, attended=[guest.pk], now=after)
    add_action_item(
        held, by=ye, text="补发宣讲会照片与签到表", due_on=stage.today + timedelta(days=6), owner=ye, now=after
    )


def _alone(stage):
    """Every contact of the year was with the same person, and nobody else there can be reached."""
    partner = stage.partners[ALONE]
    only = partner.enterprise.contacts.present().exclude(phones=[]).first()
    for ago in (160, 120, 80):
        log_touchpoint(
            enterprise=partner.enterprise, by=partner.owner, kind=Kind.CALL, happened_at=stage.at(ago, 10),
            contacts=[only], summary=f"电话里和{only.address_form}核对了实习人数。", now=stage.at(ago, 11),
        )  # fmt: skip
