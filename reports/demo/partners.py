"""The partners of the demonstration: those of the first list, those recorded since, and their sites and people."""

import uuid
from datetime import timedelta

from accounts.services import accept_invitation, edit_profile
from partnerships.models import Enterprise, Site
from partnerships.models.assessment import Content
from partnerships.services.assessments import write_assessment
from partnerships.services.contacts import add_contact, change_contact, mark_left
from partnerships.services.enterprises import change_enterprise, create_enterprise, move_enterprise
from partnerships.services.imports import finish_applying, read_import, start_applying, upload_import
from partnerships.services.seats import invite_contact
from partnerships.services.sites import add_site, close_site
from partnerships.services.succession import hand_over, mark_read
from policies.models import Industry, Region
from policies.rules import place
from policies.services import gazetteer
from reports.demo import cast, lists, phrases
from reports.demo.enterprises import Person, code, firms, mobile, person, positions
from reports.demo.stage import Partner

#: Short name -> how long it was known before it became active, counted from today; the others by chance.
RECENT = {"prospect": (18, 70), "assessed": (35, 45), "new": (9, 60), "host": (30, 400)}
#: Enterprise -> its people with an account: (name, position, form of address, e-mail's first part, demonstration).
MEMBERS = {
    "砺锋精密": [("赵敏", "人事经理", "赵经理", "zhao.min", True), ("钱立新", "车间主任", "钱主任", "qian.lixin", False)],
    "砺锋智装": [("孙晓岚", "集团人力资源部主管", "孙主管", "sun.xiaolan", True)],
    "宏轸轴承": [("吴雪梅", "人事经理", "吴经理", "wu.xuemei", False)],
    "晟曜光电": [("许佳", "人力资源部主管", "许主管", "xu.jia", False), ("潘俊", "培训主管", "潘老师", "pan.jun", False)],
    "擎川机器人": [("严思琪", "人事经理", "严经理", "yan.siqi", False)],
    "云屿软件": [("陶慧", "人力资源部主管", "陶主管", "tao.hui", False)],
    "启桁安全": [("苗晨", "人事经理", "苗经理", "miao.chen", False)],
    "驰岳汽配": [("史建平", "人力资源部主管", "史主管", "shi.jianping", False)],
    "骏翎汽车": [("贺文杰", "培训主管", "贺老师", "he.wenjie", False), ("罗静", "人事经理", "罗经理", "luo.jing", False)],
    "轨维达": [("毕晓峰", "人事经理", "毕经理", "bi.xiaofeng", False)],
    "万汇源冷链": [("汤月娥", "人力资源部主管", "汤主管", "tang.yue", False)],
    "悦栖酒店": [("尹欣怡", "培训主管", "尹老师", "yin.xinyi", False)],
    "颐和年养老": [("安秀英", "护理部主任", "安主任", "an.xiuying", False)],
}  # fmt: skip
LATIN = {"赵敏": "Zhao Min", "孙晓岚": "Sun Xiaolan"}
#: Enterprise -> states after it became active: (move, days ago, note); the lead makes them.
STEPS = {
    "柯经纺机": [("end", 310, "厂区搬到外省，双方商定结束合作，实习生已全部返校。")],
    "智菱集成": [("end", 190, "两年没有用人需求，电话确认后结束。")],
    "砚见数字": [("pause", 75, "公司调整业务，今年不接实习生，明年春招前再联系。")],
    "青禾途旅行社": [("pause", 40, "门店装修停业三个月。")],
    "金旋电驱": [("suspend", 28, "实习生夜班未按协议执行，整改前不再派学生。")],
    "湖里安酒店": [("pause", 420, "酒店翻新停业。"), ("resume", 300, "")],
    "瓯鹭电器": [("suspend", 500, "上月实习报酬晚发。"), ("lift", 470, "已补发并书面说明。")],
}


def open_partners(stage):
    """Record all partners, with sites and people, and bring each to the state it stands in today."""
    table = gazetteer()
    everyone = firms()
    _from_the_list(stage, [firm for firm in everyone if firm.origin == "list"])
    for firm in everyone:
        if firm.origin == "later":
            _recorded_since(stage, firm, table)
    for partner in stage.partners.values():
        _people(stage, partner)
        _sites(stage, partner)
    _families(stage)
    for partner in stage.partners.values():
        _steps(stage, partner)
    for short, people in MEMBERS.items():
        _members(stage, stage.partners[short], people)
    _comings_and_goings(stage)


# --- the first list ----------------------------------------------------------------------------------------------


def _from_the_list(stage, listed):
    """The office's list, taken in on the first day; two of its rows are still waiting to be mended."""
    lead = stage.staff["lead"]
    rows, people = [], {}
    for number, firm in enumerate(listed, 1):
        owner = stage.staff["he"] if firm.short == "港数信息" else stage.staff[cast.OWNERS[firm.department]]
        people[firm.name] = first = _first_person(stage, firm)
        rows.append(_row(stage, number, firm, owner, first))
    rows[4]["最近走访时间"] = f"{stage.start.year - 1}-{stage.start.year}-1"
    rows[7]["最近走访时间"] = f"{stage.start.year - 1}年"
    rows.insert(
        20,
        {"序号": "21", "企业全称": "杭州衡驰机械配件厂", "统一社会信用代码": "9.13301E+17", "联系人及职务": "郝师傅"},
    )
    rows.insert(
        33, {"序号": "34", "企业全称": "同上", "统一社会信用代码": "33010000001234567", "最近走访时间": "2023.2.30"}
    )
    name = f"{stage.start.year}年校企合作企业台账（校企合作处汇总）.xlsx"
    upload = lists.workbook(name, stage.start.year, lead.name, stage.start, rows)
    batch = read_import(upload_import(by=lead, upload=upload, form_key=uuid.uuid4(), now=stage.start), now=stage.start)
    finish_applying(start_applying(batch, by=lead, now=stage.start), now=stage.start)
    for firm in listed:
        enterprise = Enterprise.objects.get(name=firm.name)
        changes = {"name_en": firm.name_en, "short_name": firm.short, "tier": firm.tier, "size": firm.size}
        if stage.random.random() < 0.5:
            changes["strengths"] = phrases.STRENGTHS.get(firm.trade, "")
        enterprise = change_enterprise(
            enterprise, by=lead, version=enterprise.version, changes=changes, now=stage.start + timedelta(days=1)
        )
        partner = stage.partners[firm.short] = Partner(firm, enterprise, enterprise.owner)
        contact = enterprise.contacts.get()
        flags = dict.fromkeys(people[firm.name].flags, True)
        partner.contacts.append(change_contact(
            contact, by=enterprise.owner, version=contact.version, now=stage.start + timedelta(days=2),
            changes=flags | {"honorific": people[firm.name].honorific, "email": _email(people[firm.name], firm)},
        ))  # fmt: skip


def _first_person(stage, firm):
    """The contact of the list; those who get an account carry no e-mail before."""
    first = person(stage.random, positions(stage.random, firm.trade, firm.size)[0])
    if firm.short in MEMBERS:
        first.name, first.position, first.honorific, _first, _demo = MEMBERS[firm.short][0]
        first.has_email = False
    return first


def _row(stage, number, firm, owner, first):
    random, year = stage.random, stage.start.year
    visited = stage.start - timedelta(days=random.randint(20, 200))
    former = {"宏轸轴承": "（原杭州宏轸轴承厂）", "铁越轨道": "（原杭州铁越机车配件厂）"}.get(firm.short, "")
    return {
        "序号": str(number),
        "牵头二级学院": stage.departments[firm.department].name,
        "企业全称": firm.name + former,
        "统一社会信用代码": code(random, "330109", firm.ownership),
        "企业性质": lists.OWNERSHIPS[firm.ownership],
        "所属行业": firm.industry,
        "规模": f"{firm.headcount}人",
        "详细地址": firm.address,
        "法人": random.choice(cast.SURNAMES) + random.choice(cast.GIVEN),
        "联系人及职务": f"{first.name}（{first.position}）",
        "联系电话": "/".join(first.phones),
        "合作形式": random.choice(("实习、就业", "订单班、实习", "实训基地", "现代学徒制、师资互聘")),
        "协议名称": "校企合作框架协议" if firm.tier == 1 else "校外实习基地协议",
        "签订时间": f"{year - random.randint(0, 2)}.{random.randint(3, 8)}",
        "有效期": "三年",
        "协议编号": f"XQ{year}-{number:03d}",
        "接收实习生数": random.choice(("12", "8", "20余人", "30", "5")),
        "接收就业数": random.choice(("2", "3", "6", "")),
        "捐赠/准捐赠(万元)": random.choice(("", "", "5", "约8万(设备)")),
        "校内对接人": owner.name,
        "最近走访时间": random.choice((f"{visited:%Y.%-m.%-d}", f"{visited.year}年{visited.month}月")),
        "备注": random.choice(phrases.REMARKS),
    }


def _email(someone, firm):
    if not someone.has_email:
        return ""
    desk = "hr" if "arranges_interns" in someone.flags else "office"
    return f"{desk}@{_domain(firm)}"


def _domain(firm):
    return firm.name_en.replace("'", "").split()[1].lower() + ".example"


# --- recorded since ----------------------------------------------------------------------------------------------


def _recorded_since(stage, firm, table):
    random = stage.random
    owner = stage.staff["he"] if not firm.name_en else stage.staff[cast.OWNERS[firm.department]]
    ago = random.randint(*RECENT.get(firm.rhythm, (420, 640)))
    region = place(firm.address, table)
    known = bool(firm.name_en)
    enterprise = create_enterprise(
        by=owner, name=firm.name, now=stage.at(ago), name_en=firm.name_en, short_name=firm.short,
        uscc=code(random, "330108", firm.ownership) if known else "", ownership=firm.ownership,
        industry=Industry.objects.get(pk=firm.industry), region=Region.objects.get(pk=region), address=firm.address, size=firm.size,
        headcount=firm.headcount, tier=firm.tier, lead_department=stage.departments[firm.department],
        relation="host_only" if firm.rhythm == "host" else "partner", owner=owner,
        registry="normal" if known else "", registry_on=stage.working_day(ago) if known else None,
    )  # fmt: skip
    partner = stage.partners[firm.short] = Partner(firm, enterprise, owner)
    if known:
        _add_person(stage, partner, _first_person(stage, firm), stage.at(ago))
    return partner


# --- people and sites --------------------------------------------------------------------------------------------


def _people(stage, partner):
    """The larger the enterprise, the more people one speaks to."""
    firm = partner.firm
    if not firm.name_en:
        return
    for position in positions(stage.random, firm.trade, firm.size)[1:]:
        _add_person(stage, partner, person(stage.random, position), stage.at(stage.random.randint(5, 17)))


def _add_person(stage, partner, someone, now):
    contact = add_contact(
        partner.enterprise, by=partner.owner, now=now, name=someone.name, position=someone.position,
        honorific=someone.honorific, phones=someone.phones, same_wechat=stage.random.random() < 0.6,
        email=_email(someone, partner.firm), **dict.fromkeys(someone.flags, True),
    )  # fmt: skip
    partner.contacts.append(contact)
    return contact


def _sites(stage, partner):
    """Where people really work; smaller ones have only their seat."""
    firm, random, made_at = partner.firm, stage.random, partner.enterprise.created_at + timedelta(days=3)
    if not firm.name_en or firm.rhythm == "prospect":
        return
    places = phrases.TRADES[firm.trade][1]
    kinds = {
        "machine": Site.Kind.WORKSHOP, "electronics": Site.Kind.WORKSHOP, "auto": Site.Kind.WORKSHOP,
        "retail": Site.Kind.SHOP, "food": Site.Kind.SHOP, "hotel": Site.Kind.BRANCH, "care": Site.Kind.BRANCH,
        "logistics": Site.Kind.WORKSHOP, "office": Site.Kind.PROJECT, "software": Site.Kind.PROJECT,
    }  # fmt: skip
    sites = [(Site.Kind.SEAT, "注册地址")]
    if firm.size in ("large", "medium") or random.random() < 0.5:
        sites.append((kinds.get(firm.trade, Site.Kind.BRANCH), random.choice(places)))
    if firm.size == "large":
        sites.append((Site.Kind.BRANCH, "二期厂区" if firm.trade in ("machine", "auto", "electronics") else "江东分部"))
    for kind, name in sites:
        add_site(
            partner.enterprise, by=partner.owner, now=made_at, kind=kind, name=name,
            region=partner.enterprise.region, address=firm.address,
            capacity=None if kind == Site.Kind.SEAT else random.choice((6, 8, 10, 15, 20, 30)),
            safety="" if kind == Site.Kind.SEAT else random.choice(SAFETY),
        )  # fmt: skip


SAFETY = (
    "入厂前三级安全教育；现场戴安全帽、穿劳保鞋。",
    "设备有联锁防护，长发须盘入帽内。",
    "叉车通道与人行道分开，夜间有人巡查。",
    "",
)


def _families(stage):
    """A group with a branch and a subsidiary, and partners that several faculties share."""
    parent = stage.partners["砺锋精密"].enterprise
    for short, kinship in (("砺锋钱塘", "branch"), ("砺锋智装", "subsidiary")):
        partner = stage.partners[short]
        enterprise = partner.refreshed()
        change_enterprise(enterprise, by=partner.owner, version=enterprise.version, now=stage.at(400),
                          changes={"parent": parent, "kinship": kinship})  # fmt: skip
    for short, keys in {
        "砺锋精密": ("信息", "汽车"),
        "骏翎汽车": ("机电",),
        "云屿软件": ("商贸",),
        "晟曜光电": ("信息",),
    }.items():
        _change(stage, short, stage.at(500), departments=[stage.departments[key] for key in keys])


def _change(stage, short, now, **changes):
    partner = stage.partners[short]
    enterprise = partner.refreshed()
    partner.enterprise = change_enterprise(
        enterprise, by=stage.staff["lead"], version=enterprise.version, changes=changes, now=now
    )


# --- the lifecycle -----------------------------------------------------------------------------------------------


def _steps(stage, partner):
    """Assess and activate what was recorded since; then what happened to it later."""
    firm, enterprise = partner.firm, partner.enterprise
    if firm.origin == "later" and firm.name_en and firm.rhythm != "prospect":
        visited = min(enterprise.created_at + timedelta(days=9), stage.now)
        _assess(stage, partner, visited)
        move_enterprise(enterprise, "assess", by=partner.owner, now=visited)
        if firm.rhythm != "assessed" and (firm.rhythm != "host" or stage.random.random() < 0.5):
            move_enterprise(enterprise, "activate", by=partner.owner, now=min(visited + timedelta(days=5), stage.now))
    elif firm.tier == 1:
        _assess(stage, partner, stage.at(stage.random.randint(380, 700)))
    for name, ago, note in STEPS.get(firm.short, ()):
        move_enterprise(enterprise, name, by=stage.staff["lead"], note=note, now=stage.at(ago))
    partner.refreshed()


def _assess(stage, partner, now):
    words = stage.words(partner, now)
    findings = {Content(key): (text.format(**words), False) for key, text in phrases.FINDINGS.items()}
    if partner.firm.rhythm == "host":
        findings[Content.LIVING] = ("企业不提供住宿，学生自行租住，已提醒安全。", True)
    write_assessment(
        partner.enterprise, by=partner.owner, visited_on=now.date(), now=now, findings=findings, is_suitable=True,
        assessors=f"{partner.owner.name}、{stage.departments[partner.firm.department].name}专业负责人",
        conclusion="条件符合要求，可以安排实习。" if partner.firm.rhythm != "host" else "可以接收自主实习，食宿自理须家长知情。",
    )  # fmt: skip


# --- accounts, and people who come and go -------------------------------------------------------------------------


def _members(stage, partner, people):
    """Invite each by hand and let them accept; the first becomes the keeper."""
    joined = partner.enterprise.created_at + timedelta(days=30)
    for name, position, honorific, mailbox, is_demo in people:
        contact = next((one for one in partner.contacts if one.name == name), None)
        if contact is None:
            flags = {"arranges_interns": True} if "人" in position else {"mentors": True}
            contact = add_contact(
                partner.enterprise, by=partner.owner, now=joined, name=name, position=position, honorific=honorific,
                phones=[mobile(stage.random)], same_wechat=True, **flags,
            )  # fmt: skip
            partner.contacts.insert(0, contact)
        user = _join(stage, partner, contact, joined, email=f"{mailbox}@{_domain(partner.firm)}")
        edit_profile(user, name=name, name_en=LATIN.get(name, ""), phone=contact.phones[0], language="zh-hans")
        user.is_demo = is_demo
        user.save(update_fields=["is_demo"])


def _join(stage, partner, contact, now, **values):
    invitation = invite_contact(contact, by=partner.owner, now=now)
    user = accept_invitation(invitation, now=now + timedelta(hours=5), **values)
    contact.refresh_from_db()
    partner.members[user.name] = user
    return user


def _comings_and_goings(stage):
    """One person for two enterprises, an open invitation, people who left, a partner handed over, red flags."""
    first, group = stage.partners["砺锋精密"], stage.partners["砺锋智装"]
    shared = add_contact(
        first.enterprise, by=first.owner, now=stage.at(300), name="孙晓岚", position="集团人力资源部主管",
        honorific="孙主管", phones=["13800000126"], arranges_interns=True,
    )  # fmt: skip
    _join(stage, first, shared, stage.at(300), user=group.members["孙晓岚"])
    waiting = stage.partners["临澜数控"]
    invite_contact(_without_mail(waiting, stage.at(4)), by=waiting.owner, now=stage.at(3))
    for short, ago in (("甬铸模具", 220), ("鲜邻家超市", 130), ("味澜餐饮", 45)):
        partner = stage.partners[short]
        leaving = partner.contacts.pop()
        successor = partner.contact if short == "甬铸模具" else None
        mark_left(leaving, by=partner.owner, left_on=stage.working_day(ago), successor=successor, now=stage.at(ago))
        _add_person(stage, partner, person(stage.random, leaving.position), stage.at(ago - 4))
    _add_person(
        stage,
        stage.partners["宏轸轴承"],
        Person("钱波", "班组长", "钱师傅", ["13800000218"], ("mentors",), has_email=False),
        stage.at(200),
    )
    partner = stage.partners["港数信息"]
    enterprise = partner.refreshed()
    partner.enterprise = hand_over(
        enterprise, by=stage.staff["lead"], version=enterprise.version, owner=stage.staff["zhou"], now=stage.at(240),
        lead_department=stage.departments["信息"], note="何思远转岗，由信息工程学院接手。",
    )  # fmt: skip
    partner.owner = stage.staff["zhou"]
    mark_read(partner.enterprise.hand_overs.get(), by=partner.owner, now=stage.at(239))
    _change(
        stage, "诚济人力", stage.at(90), is_labour_agency=True, registry="normal", registry_on=stage.working_day(90)
    )
    _change(stage, "瑞磐汽配", stage.at(20), registry="abnormal", registry_on=stage.working_day(20))
    _change(stage, "越裁服饰", stage.at(33), registry="cancelled", registry_on=stage.working_day(34))
    _change(stage, "铁越轨道", stage.at(120), ownership="state", legal_representative="袁德胜")
    site = stage.partners["骏翎汽车"].enterprise.sites.order_by("pk").last()
    close_site(site, by=stage.partners["骏翎汽车"].owner, closed_on=stage.working_day(60), now=stage.at(60))


def _without_mail(partner, now):
    """Their invitation is copied by hand: while the database is filled nothing is mailed."""
    contact = partner.contact
    if not contact.email:
        return contact
    return change_contact(contact, by=partner.owner, version=contact.version, changes={"email": ""}, now=now)
