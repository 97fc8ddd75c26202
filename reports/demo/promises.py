"""What agreements promise: the clauses, and what became of each promise; with one partner late ones on both sides."""

import uuid
from datetime import timedelta
from decimal import Decimal

from partnerships.models import Clause, Obligation
from partnerships.rules.years import current_year
from partnerships.services import obligations as services
from partnerships.services.results import keep_result
from records.models import Side
from reminders.planner import plan, prepare_drafts
from reminders.services import switch_rule
from reports.demo.pictures import shop_floor

SCHOOL, ENTERPRISE = Side.SCHOOL.value, Side.ENTERPRISE.value
#: kind, side, what, in English, every how many months (0: once after so many days), how many and counted by what.
CLAUSES = (
    ("", SCHOOL, "向企业送交年度合作总结", "Send the yearly summary", 12, 0, "", ""),
    ("", SCHOOL, "举办校企交流活动", "Hold exchange events", 12, 0, "seminars_per_year", "seminars"),
    ("internship_base", ENTERPRISE, "提供实习岗位", "Offer internship places", 12, 0, "places_per_year", "places"),
    ("internship_base", SCHOOL, "为实习学生购买实习责任险", "Insure the interns", 12, 0, "", ""),
    ("order_class", ENTERPRISE, "选派工程师到校授课", "Send engineers to teach", 6, 0, "", ""),
    (
        "order_class",
        ENTERPRISE,
        "接收订单班学生跟岗实习",
        "Take in the order class",
        12,
        0,
        "places_per_year",
        "places",
    ),
    ("order_class", SCHOOL, "成立订单班工作小组", "Set up the working group", 0, 60, "", ""),
    ("teacher_station", ENTERPRISE, "安排教师企业实践", "Host teachers' practice", 12, 0, "", ""),
    ("industry_college", ENTERPRISE, "投入教学设备", "Provide equipment", 12, 0, "", ""),
    ("framework", ENTERPRISE, "提供年度人才需求", "Say the yearly demand", 12, 0, "", ""),
)
#: How promises were kept, in the words of either side.
HOW = {
    SCHOOL: ("已寄送纸质版，并在座谈会上说明。", "已完成，材料存协议档案。", "按约定办理。"),
    ENTERPRISE: ("已安排，车间主任到场。", "按计划完成，双方确认。", "已落实，照片见附件。"),
}
RULES = ("obligation", "unscheduled", "agreement_end", "agreement_notice")
SWITCHED_ON = 200


def write_clauses(stage):
    for kind, side, text, text_en, months, days, count_from, counter in CLAUSES:
        Clause.objects.create(
            kind=kind, side=side, text=text, text_en=text_en, every_months=months, after_days=days,
            count_from=count_from, counter=counter,
        )  # fmt: skip


def keep_promises(stage):
    """Nearly all is kept; the partner of the portal's demonstration has one late on each side."""
    firm, lead, lin = stage.partners["砺锋精密"].enterprise, stage.staff["lead"], stage.staff["lin"]
    services.keep_reached(now=stage.now)
    past = Obligation.objects.open().signed().filter(due_on__lt=stage.today).order_by("due_on", "pk")
    ours = past.filter(enterprise=firm)
    late = {ours.filter(side=side).last().pk for side in (SCHOOL, ENTERPRISE)}
    for number, row in enumerate(past.exclude(pk__in=late)):
        if number % 9 == 4:
            services.settle_obligation(row, "waive", by=lin, note="双方商定本期不再安排。", now=stage.at(20))
        elif number % 9 == 7 and row.enterprise_id != firm.pk:
            services.settle_obligation(row, "breach", by=lead, note="多次沟通，未能落实。", now=stage.at(15))
        else:
            _keep(stage, row, lin)
    _add(stage, firm, lin)
    for rule in RULES:
        switch_rule(rule, "on", by=lead, now=stage.at(SWITCHED_ON, 17))
        plan(stage.now, only=rule)
    prepare_drafts(stage.now)


def _keep(stage, row, lin):
    """A few days before it was due, with a picture now and then; of the enterprise by its HR or on its behalf."""
    day = max(row.first_on, min(row.due_on, stage.today) - timedelta(days=stage.random.randint(2, 20)))
    moment, how = stage.moment(day, 15), stage.random.choice(HOW[row.side])
    partner = next((one for one in stage.partners.values() if one.enterprise.pk == row.enterprise_id), None)
    files = [shop_floor(stage.random, "现场.jpg")] if row.side == ENTERPRISE and "照片" in how else []
    said = {"kept_on": day, "note": how, "files": files, "now": moment}
    user = partner and partner.contact.user
    if row.side == ENTERPRISE and user is None:
        said_by = row.contact.address_form if row.contact else "人事部"
        said["on_behalf"] = {"source": "wechat", "said_by": said_by, "said_at": moment}
    services.keep_obligation(row, by=user if row.side == ENTERPRISE and user else lin, **said)


def _add(stage, firm, lin):
    """Two that no clause made, due soon, and one that was kept with a picture."""
    agreement = firm.agreements.bases().in_force().get(kind="order_class")
    contact = firm.contacts.present().first()
    made = []
    for side, text, text_en, due, more in (
        (ENTERPRISE, "捐赠数控车床一台", "Donate a lathe", 9, {"amount": 86000, "contact": contact}),
        (SCHOOL, "为企业员工开设夜校培训", "Train the firm's staff", 12, {"owner": lin, "count": 2}),
        (ENTERPRISE, "开放车间供学生参观", "Open the shop floor", 2, {"contact": contact}),
    ):
        made.append(
            services.add_obligation(
                agreement,
                by=lin,
                side=side,
                text=text,
                text_en=text_en,
                first_on=agreement.effective_from,
                due_on=stage.today + timedelta(days=due),
                form_key=uuid.UUID(int=len(made) + 77),
                now=stage.at(60),
                **more,
            )  # fmt: skip
        )
    picture = [shop_floor(stage.random, "参观.jpg")]
    said = {"kept_on": stage.working_day(3), "note": "两个班参观了二号车间。", "files": picture, "now": stage.at(3, 16)}
    services.keep_obligation(made[-1], by=contact.user or lin, **said)


def count_years(stage):
    """What the lively partners brought in the last two school years, and in the last calendar year."""
    dice = stage.random
    school, calendar = current_year("school", stage.today), current_year("calendar", stage.today)
    for partner in list(stage.partners.values())[:16]:
        if not partner.enterprise.is_partner:
            continue
        for kind, year, ago in (
            ("school", school - 2, 420),
            ("school", school - 1, 70),
            ("calendar", calendar - 1, 320),
        ):
            interns = dice.randint(6, 40)
            figures = {"interns": interns, "hires": dice.randint(0, interns // 2), "lecturers": dice.randint(0, 5)}
            if dice.random() < 0.4:
                figures |= {"order_classes": dice.randint(1, 2), "order_students": dice.randint(25, 70)}
            if dice.random() < 0.5:
                figures |= {"donated": Decimal(dice.randint(2, 60) * 5000), "lent": Decimal(dice.randint(0, 40) * 5000)}
            if dice.random() < 0.5:
                figures |= {
                    "service_income": Decimal(dice.randint(3, 80) * 1000),
                    "employees_trained": dice.randint(8, 90),
                }
            keep_result(
                partner.enterprise, by=partner.owner or stage.staff["lead"], kind=kind, year=year, changes=figures,
                now=stage.at(ago, 10),
            )  # fmt: skip
