"""Events with enterprises: one that was held and led to something, one soon, and a series over the coming months."""

import uuid
from datetime import timedelta

from partnerships.models import Enterprise
from partnerships.models.seminar import Answer, SeminarKind
from partnerships.services.seminars import (
    add_action_item,
    answer_invitation,
    finish_action_item,
    plan_seminar,
    plan_series,
    record_attendance,
    write_minutes,
)
from reminders.planner import plan, prepare_drafts
from reminders.services import switch_rule

RULES = ("seminar", "seminar_cancelled", "seminar_item")
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
            meal=number != 1, number_plate="浙A·8K2F6" if number == 0 else "", now=planned + timedelta(days=2 + number),
        )  # fmt: skip
    after = begins + timedelta(hours=4)
    committee = record_attendance(committee, by=lin, attended=[guest.pk for guest in guests[:-1]], now=after)
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


def _soon(stage, lin, partners):
    begins = stage.moment_ahead(9, 9, 30)
    table = plan_seminar(
        by=lin, form_key=uuid.uuid4(), now=stage.at(3, 16, 0), enterprises=partners[:3], kind=SeminarKind.ROUND_TABLE,
        title="寒假实习安排座谈会", title_en="Round table on the winter internships", starts_at=begins,
        ends_at=begins + timedelta(hours=2), place="行政楼201", agenda="时间、食宿、安全培训、指导教师", department=lin.department,
    )  # fmt: skip
    guest = table.guests.get(enterprise=partners[1])
    answer_invitation(
        guest, by=lin, answer=Answer.YES, head_count=2, said_by=guest.contact.address_form, number_plate="浙B·31QD7",
        meal=True, now=stage.at(1, 11, 0),
    )  # fmt: skip


def _series(stage, lin, partners):
    begins = stage.moment_ahead(16, 15, 0)
    plan_series(
        by=lin, form_key=uuid.uuid4(), rule="FREQ=MONTHLY;COUNT=4", now=stage.at(2, 10, 0), enterprises=partners[:2],
        kind=SeminarKind.RESEARCH, title="校企线上教研", title_en="Monthly online exchange on teaching", starts_at=begins,
        ends_at=begins + timedelta(hours=1), online="https://meeting.example.edu.cn/jiaoyan", department=lin.department,
    )  # fmt: skip
