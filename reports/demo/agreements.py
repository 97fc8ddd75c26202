"""Agreements in every state: with the partner of the portal's demonstration, and with other lively ones."""

from datetime import timedelta

from dateutil.relativedelta import relativedelta
from django.utils import timezone

from partnerships.models import Agreement, Enterprise
from partnerships.services.agreements import amending, drafting, ending, presets, review, signing, terms
from reminders.services import switch_rule
from reports.demo.pictures import signed_page

#: kind -> (title, English title, purpose, what the school does, what the enterprise does).
TEXTS = {
    "framework": (
        "校企合作框架协议", "Framework agreement", "在人才培养、实习就业、技术服务等方面开展全面合作。",
        "提供专业师资、场地和学生管理；每学期通报教学安排。", "参与专业建设；提供岗位信息和企业案例。",
    ),
    "internship_base": (
        "校外实习基地共建协议", "Internship base agreement", "共建校外实习基地，安排学生岗位实习。",
        "选派校内指导教师，购买实习责任险。", "提供实习岗位、指导教师和劳动保护，按月支付实习报酬。",
    ),
    "order_class": (
        "订单班联合培养协议", "Order class agreement", "联合举办订单班，按岗位需求共同制订人才培养方案。",
        "单独编班，开设企业课程模块。", "选派工程师授课，优先录用合格毕业生。",
    ),
    "training_base": (
        "生产性实训基地共建协议", "Training base agreement", "共建校内生产性实训基地。",
        "提供场地和日常管理。", "提供设备、工艺文件和技术支持。",
    ),
    "research": (
        "技术服务合作协议", "Technical service agreement", "围绕工艺改进开展技术服务。",
        "组织教师团队完成技术攻关。", "提供试验条件，按进度支付费用。",
    ),
    "teacher_station": (
        "教师企业实践流动站协议", "Teacher practice station agreement", "设立教师企业实践流动站。",
        "每学期选派教师到站实践。", "安排岗位和实践导师，出具实践鉴定。",
    ),
    "industry_college": (
        "产业学院共建协议", "Industry college agreement", "共建产业学院，实行理事会管理。",
        "投入场地与师资。", "投入设备与产业导师。",
    ),
}  # fmt: skip


def sign_agreements(stage):
    """Presets, then one agreement of each state; dates are days from today."""
    lead, lin = stage.staff["lead"], stage.staff["lin"]
    for kind in ("internship_base", "order_class", "framework"):
        title, title_en, aim, school, enterprise = TEXTS[kind]
        values = {"title": title, "title_en": title_en, "aim": aim, "school_duties": school}
        values |= {"enterprise_duties": enterprise, "places_per_year": 20, "notice_days": 30}
        presets.make_preset(
            by=lead, values=values, name=f"{title}（学校范本）", name_en=title_en, kind=kind, is_offered=True,
            now=stage.at(400, 9),
        )  # fmt: skip
    firm = stage.partners["砺锋精密"].enterprise
    lively = Enterprise.objects.in_portfolio_of(lin).exclude(pk=firm.pk).order_by("-last_contact_at", "pk")
    first, second, third = lively[:3]
    _amended_twice(stage, firm, lin)
    _expiring(stage, firm, lin)
    _in_review(stage, firm, lin)
    _out_for_signature(stage, firm, first, lin)
    _draft(stage, second, lin)
    _terminated(stage, second, lin)
    _expired(stage, third, lin)
    _renewed(stage, first, lin)


def drafted(stage, enterprise, by, kind, *, begins, ends, **more):
    """A draft of `kind`, from `begins` to `ends` days from today, written a month before it begins."""
    title, title_en, aim, school, duties = TEXTS[kind]
    contact = enterprise.contacts.present().first()
    text = {
        "title": title, "title_en": title_en, "aim": aim, "school_duties": school, "enterprise_duties": duties,
        "starts_on": stage.today + timedelta(days=begins), "ends_on": stage.today + timedelta(days=ends),
        "places_per_year": 20, "seminars_per_year": 2, "notice_days": 30, "enterprise_contact": contact,
    }  # fmt: skip
    return drafting.draft_agreement(enterprise, by=by, kind=kind, now=stage.at(max(30 - begins, 1), 10), **text | more)


def agreed(stage, agreement, by, days_ago):
    """Read by both sides and approved, days ago."""
    said_by = agreement.enterprise.contacts.present().first().address_form
    review.move_agreement(agreement, "submit", by=by, now=stage.at(days_ago + 6, 9, 30))
    review.agree(agreement, by=by, now=stage.at(days_ago + 5, 10, 0))
    review.enter_on_behalf(
        agreement, by=by, source="wechat", said_by=said_by, said_at=stage.at(days_ago + 3, 9, 0),
        now=stage.at(days_ago + 3, 11, 0),
    )  # fmt: skip
    return review.move_agreement(agreement, "approve", by=stage.staff["lead"], now=stage.at(days_ago + 2, 15, 0))


def asked(stage, agreement, by, days_ago, theirs=None):
    """Agreed to, and everybody asked to sign, days ago; returns the requests, the school's first."""
    agreed(stage, agreement, by, days_ago)
    people = signing.proposed(agreement)
    if theirs is not None:
        people[-1] = signing.of_the_enterprise(theirs, "授权代表")
    return signing.ask_for_signatures(agreement, people, by=by, now=stage.at(days_ago + 2, 15, 30))


def signed(stage, agreement, by, days_ago, *, on_paper=True):
    """Agreed to, then signed by everybody, days ago: on one paper, or the school's lead on screen."""
    rows = asked(stage, agreement, by, days_ago)
    if not on_paper:
        lead, digest = rows.pop(0), signing.digest_of(Agreement.objects.get(pk=agreement.pk))
        signing.sign(lead, digest=digest, by=lead.user, now=stage.at(days_ago + 1, 10, 0))
    day = timezone.localdate(stage.at(days_ago, 16, 0))
    page = signed_page(f"签字盖章页 {agreement.title}.jpg", len(rows))
    signing.sign_all_on_paper(agreement, rows, page, by=by, signed_on=day, now=stage.at(days_ago, 16, 0))
    return Agreement.objects.get(pk=agreement.pk)


def filed(stage, agreement, by, number, days_ago):
    row = Agreement.objects.get(pk=agreement.pk)
    changes = {"number": number, "copies": 4, "archive_box": f"校企-{stage.today.year}-{number[-2:]}"}
    return drafting.file_agreement(row, by=by, version=row.version, changes=changes, now=stage.at(days_ago, 16, 30))


def _amended_twice(stage, firm, lin):
    base = drafted(stage, firm, lin, "order_class", begins=-500, ends=595, amount=120000, payment="每学年9月底前支付。")
    signed(stage, base, lin, 500)
    filed(stage, base, lin, f"XQ{stage.today.year - 2}-011", 498)
    for days, blocks, changes in (
        (300, ["places"], {"places_per_year": 30}),
        (90, ["money", "term"], {"amount": 150000, "ends_on": base.ends_on - relativedelta(months=4)}),
    ):
        start = stage.today - timedelta(days=days)
        amendment = amending.start_amendment(base, by=lin, blocks=blocks, valid_from=start, now=stage.at(days + 20, 10))
        drafting.change_draft(amendment, by=lin, version=0, changes=changes, now=stage.at(days + 20, 11))
        signed(stage, amendment, lin, days)
    third = amending.start_amendment(
        base, by=lin, blocks=["school"], valid_from=stage.today + timedelta(days=30), now=stage.at(4, 10)
    )
    changes = {"school_duties": TEXTS["order_class"][3] + "每学期安排两次企业专题讲座。"}
    drafting.change_draft(third, by=lin, version=0, changes=changes, now=stage.at(4, 11))


def _expiring(stage, firm, lin):
    base = drafted(stage, firm, lin, "internship_base", begins=-1075, ends=20)
    signed(stage, base, lin, 700, on_paper=False)
    filed(stage, base, lin, f"XQ{stage.today.year - 2}-003", 699)


def _in_review(stage, firm, lin):
    base = drafted(stage, firm, lin, "teacher_station", begins=20, ends=750)
    review.move_agreement(base, "submit", by=lin, now=stage.at(3, 9, 0))
    hr = stage.partners["砺锋精密"].contact
    review.comment_on(
        base, field="enterprise_duties", text="实践导师由车间安排，建议写明每次不超过两位老师。", by=hr.user,
        now=stage.at(2, 10, 0),
    )  # fmt: skip
    review.comment_on(base, field="enterprise_contact", text="请确认贵公司的联系人。", by=lin, now=stage.at(1, 9, 30))


def _out_for_signature(stage, firm, other, lin):
    """One waits for both sides, one for the enterprise alone, and one was not signed there, for a reason."""
    for rule in ("signature", "signature_refused"):
        switch_rule(rule, "on", by=stage.staff["lead"], now=stage.at(8, 17, 30))
    asked(stage, drafted(stage, other, lin, "training_base", begins=10, ends=1100), lin, 4)
    hr = firm.contacts.get(is_keeper=True)
    for kind, reason in (("research", ""), ("framework", "实习名额请改为每年30人，改好后再签。")):
        row = drafted(stage, firm, lin, kind, begins=15, ends=1110)
        lead, theirs = asked(stage, row, lin, 5, theirs=hr)
        digest = signing.digest_of(Agreement.objects.get(pk=row.pk))
        signing.sign(lead, digest=digest, by=lead.user, now=stage.at(4, 9, 0))
        if reason:
            signing.refuse(theirs, reason=reason, by=hr.user, now=stage.at(3, 14, 5))


def _draft(stage, enterprise, lin):
    drafted(stage, enterprise, lin, "research", begins=30, ends=395, amount=80000, places_per_year=None)


def _terminated(stage, enterprise, lin):
    base = drafted(stage, enterprise, lin, "industry_college", begins=-400, ends=1000)
    signed(stage, base, lin, 400)
    day = stage.working_day(60)
    ending.terminate_agreement(
        base, by=stage.staff["lead"], day=day, reason="企业调整投资计划，双方协商解除。", now=stage.at(60, 15, 0)
    )


def _expired(stage, enterprise, lin):
    base = drafted(stage, enterprise, lin, "framework", begins=-760, ends=-30)
    signed(stage, base, lin, 650)
    terms.run_clock(stage.today - timedelta(days=29), now=stage.at(29, 1, 0))


def _renewed(stage, enterprise, lin):
    base = drafted(stage, enterprise, lin, "internship_base", begins=-700, ends=15)
    signed(stage, base, lin, 600)
    renewal = ending.start_renewal(base, by=lin, now=stage.at(40, 10, 0))
    signed(stage, renewal, lin, 12)
