"""Events with enterprises: one that was held, signed in to and led to something, one soon, and a series to come."""

import uuid
from datetime import timedelta

from partnerships.models import Enterprise, ProxyEntry
from partnerships.models.seminar import Answer, SeminarKind
from partnerships.services.seminars import (
    add_action_item,
    answer_invitation,
    close_seminar,
    finish_action_item,
    give_feedback,
    plan_seminar,
    plan_series,
    record_attendance,
    sign_in_at_door,
    walk_ins,
    write_minutes,
)
from reminders.planner import plan, prepare_drafts
from reminders.services import switch_rule

RULES = ("seminar", "seminar_cancelled", "seminar_item", "seminar_minutes", "seminar_feedback")
FEEDBACK = (
    (5, "把企业案例用到多轴加工课上", "第一次看到完整的课程标准，很有收获。"),
    (4, "下次请车间班组长一起来", ""),
    (4, "", "时间可以再紧凑一些。"),
)
HELD = 62  # days ago: before the last contact of those who came, so that it ends nobody's silence


def hold_seminars(stage):
    """The main officer's events; their rules are switched on yesterday evening."""
    for name in RULES:
        switch_rule(name, "on", by=stage.staff["lead"], now=stage.at(1, 17, 30))
    first = stage.partners["砺锋精密"].enterprise
    lin = stage.staff["lin"]
    lively = Enterprise.objects.in_portfolio_of(lin).exclude(pk=first.pk).order_by("-last_contact_at", "pk")[:3]
    partners = [first, *lively]
    _held(stage, lin, partners)
    _soon(stage, lin, partners)
    _series(stage, lin, partners)
    plan(stage.now)
    prepare_drafts(stage.now)


def _held(stage, lin, partners):
    begins = stage.moment(stage.working_day(HELD), 14, 0)
    planned = begins - timedelta(days=20)
    committee = plan_seminar(
        by=lin, form_key=uuid.uuid4(), now=planned, enterprises=partners, users=[stage.staff["lead"]],
        kind=SeminarKind.COMMITTEE, title="数控技术专业建设指导委员会", title_en="Steering committee for CNC technology",
        starts_at=begins, ends_at=begins + timedelta(hours=3), place="实训楼三楼会议室",
        agenda="一、上学年实习情况\n二、人才培养方案修订\n三、明年用人需求", department=lin.department,
    )  # fmt: skip
    guests = list(committee.guests.filter(enterprise__isnull=False).order_by("pk"))
    for number, guest in enumerate(guests[:-1]):
        answer_invitation(
            guest, by=lin, answer=Answer.YES, head_count=1 + number % 2, said_by=guest.contact.address_form,
            source=ProxyEntry.Source.WECHAT, meal=number != 1, number_plate="浙A·8K2F6" if number == 0 else "", now=planned + timedelta(days=2 + number),
        )  # fmt: skip
    after = begins + timedelta(hours=4)
    came = guests[:-1]
    _sign_in(committee, came, begins)
    strangers = dict.fromkeys(walk_ins(committee).values_list("pk", flat=True))
    attended = [guest.pk for guest in came]
    committee = record_attendance(committee, by=lin, attended=attended, walked_in=strangers, now=after)
    committee = write_minutes(
        committee, by=lin, version=committee.version, now=after,
        minutes="各企业介绍了实习生表现，普遍认为量具使用和图纸识读要加强。",
        decisions="多轴加工课程增加两周企业案例；下学期起每月一次线上教研。",
    )  # fmt: skip
    soon, later = stage.today + timedelta(days=4), stage.today + timedelta(days=12)
    done = add_action_item(
        committee, by=lin, text="把修订后的课程标准发给各企业", due_on=stage.today - timedelta(days=40), owner=lin,
        now=after,
    )  # fmt: skip
    finish_action_item(done, by=lin, now=stage.at(44))
    add_action_item(committee, by=lin, text="提供三个多轴加工案例", due_on=soon, enterprise=partners[0], now=after)
    add_action_item(committee, by=lin, text="整理案例，排进下学期课表", due_on=later, owner=lin, now=after)
    close_seminar(committee, by=lin, now=after + timedelta(days=1))
    for guest, (useful, follow_up, text) in zip(came, FEEDBACK, strict=False):
        who = {"by": lin, "said_by": guest.contact.address_form}
        give_feedback(guest, useful=useful, follow_up=follow_up, text=text, now=after + timedelta(days=2), **who)


def _sign_in(committee, guests, begins):
    """Everybody who came scanned the code at the door; one of them nobody had invited."""
    for number, guest in enumerate(guests):
        company, name = guest.enterprise.short_name or guest.enterprise.name, guest.contact.name
        moment = begins - timedelta(minutes=15 - 4 * number)
        sign_in_at_door(committee, company=company, name=name, phone=f"1380000020{number}", now=moment)
    sign_in_at_door(committee, company="市智能制造行业协会", name="沈洁", now=begins)


def _soon(stage, lin, partners):
    begins = stage.moment_ahead(9, 9, 30)
    table = plan_seminar(
        by=lin, form_key=uuid.uuid4(), now=stage.at(3, 16, 0), enterprises=partners[:3], kind=SeminarKind.ROUND_TABLE,
        title="寒假实习安排座谈会", title_en="Round table on the winter internships", starts_at=begins,
        ends_at=begins + timedelta(hours=2), place="行政楼201", agenda="时间、食宿、安全培训、指导教师", department=lin.department,
    )  # fmt: skip
    guest = table.guests.get(enterprise=partners[1])
    answer_invitation(
        guest, by=lin, answer=Answer.YES, head_count=2, said_by=guest.contact.address_form,
        source=ProxyEntry.Source.PHONE, number_plate="浙B·31QD7", meal=True, now=stage.at(1, 11, 0),
    )  # fmt: skip


def _series(stage, lin, partners):
    begins = stage.moment_ahead(16, 15, 0)
    plan_series(
        by=lin, form_key=uuid.uuid4(), rule="FREQ=MONTHLY;COUNT=4", now=stage.at(2, 10, 0), enterprises=partners[:2],
        kind=SeminarKind.RESEARCH, title="校企线上教研", title_en="Monthly online exchange on teaching", starts_at=begins,
        ends_at=begins + timedelta(hours=1), online="https://meeting.example.edu.cn/jiaoyan", department=lin.department,
    )  # fmt: skip
