"""What both sides look for, what the departments offer, and what is asked of enterprises: each in every state."""

import uuid
from datetime import timedelta

from partnerships.models import Offer
from partnerships.services import asks, matches, needs, offers
from policies.models import Specialty
from reminders.services import switch_rule

#: (department, kind, title, English title, specialties, level, capacity, place, what it is).
OFFERS = (
    ("机电", "students", "机电一体化技术专业实习生", "Interns in mechatronics", ("460301", "460103"), "higher", 120, "",
     "大三学生，已完成数控与自动线实训，可顶岗实习六个月。"),
    ("机电", "laboratory", "精密测量与检测中心", "Precision measuring centre", ("460103", "460113"), "", 60, "实训楼 3 号",
     "三坐标、圆度仪、光谱仪，可对外检测并出具报告。"),
    ("机电", "training", "数控与机器人员工培训", "Training in CNC and robotics", ("460103", "460305"), "", 200, "实训楼 1 号",
     "按企业设备定制，三天至两周，可送教上门。"),
    ("机电", "expertise", "产线自动化改造专家团队", "Experts in automation of lines", ("460306", "460303"), "", 6, "",
     "四位教师与两位技师，做过十余条产线的节拍改造。"),
    ("信息", "students", "软件技术与大数据专业毕业生", "Graduates in software and big data", ("510203", "510205"), "higher", 80,
     "", "每年六月毕业，前端、测试、数据标注与运维方向。"),
    ("信息", "service", "工业数据采集与看板开发", "Collecting and showing industrial data", ("510102", "510205"), "", 8, "",
     "传感器选型、采集网关、生产看板，一至三个月交付。"),
    ("汽车", "students", "新能源汽车专业实习生", "Interns in new energy vehicles", ("460702", "500212"), "higher", 90, "",
     "持低压电工证，可到装配、检测、售后岗位实习。"),
    ("汽车", "patent", "电池包拆解工装专利", "Patent on taking battery packs apart", ("460702",), "", None, "",
     "实用新型专利两件，可许可或合作改进。"),
    ("商贸", "students", "现代物流与电商专业实习生", "Interns in logistics and e-commerce", ("530802", "530701"), "higher", 150,
     "", "可在大促期间集中到岗，每批不少于三十人。"),
    ("商贸", "training", "仓储主管与跨境电商培训", "Training for warehouses and cross-border trade", ("530802", "530702"), "", 100,
     "商贸楼 2 号", "周末班，可颁发学校培训证书。"),
    ("健旅", "students", "智慧健康养老与护理专业实习生", "Interns in nursing and care", ("590302", "520201"), "higher", 60, "",
     "经医院跟岗，持健康证。"),
    ("健旅", "service", "酒店服务流程设计", "Designing services of hotels", ("540106",), "", 5, "", "按客人动线梳理服务标准，附员工手册。"),
)  # fmt: skip
#: (partner, kind, title, what it is about, specialties, number, days it is open from today, posted days ago, by whom).
NEEDS = (
    ("砺锋精密", "interns", "数控与装配岗位实习生", "两班倒，提供宿舍和工作餐，六个月。", ("460103", "460301"), 30, 45, 6, "hr"),
    ("宏轸轴承", "research", "套圈磨削振纹问题", "外圈沟道出现周期性振纹，希望一起查原因。", ("460103",), None, 60, 20, "phone"),
    ("擎川机器人", "training", "售后工程师培训", "新产品上市前培训两批，每批十五人。", ("460305",), 30, 40, 9, "wechat"),
    ("晟曜光电", "graduates", "设备工程师（应届）", "机电、电气方向，转正前培养半年。", ("460306", "510103"), 12, 70, 12, "on_site"),
    ("驰岳汽配", "equipment", "借用三坐标测量机", "新模具首件检测，约两天。", ("460113",), None, 25, 4, "phone"),
    ("云屿软件", "lecturers", "请老师讲职业素养", "新员工入职培训的半天课程。", (), None, 30, 3, "wechat"),
    ("悦栖酒店", "interns", "暑期前厅与餐饮实习生", "旺季两个月。", ("540106",), 20, -5, 60, "phone"),
    ("万汇源冷链", "interns", "大促分拣实习生", "双十一前后一个月。", ("530802",), 60, 20, 50, "phone"),
    ("砺锋精密", "lecturers", "请老师讲识图", "给新入职的操作工补识图，两次。", ("460101",), None, 50, 30, "hr"),
)  # fmt: skip


def ask_around(stage):
    """After everything else, so that the story before it stays as it is."""
    for rule in asks.RULES:
        switch_rule(rule, "on", by=stage.staff["lead"], now=stage.at(1, 17, 40))
    _offer(stage)
    posted = [_post(stage, *row) for row in NEEDS]
    _decide(stage, posted)
    _wish(stage)
    _ask(stage)


def _specialties(codes):
    return Specialty.objects.filter(pk__in=codes)


def _officer(stage, department):
    return {"机电": "lin", "信息": "zhou", "汽车": "fang", "商贸": "xu", "健旅": "ye"}[department]


def _offer(stage):
    for department, kind, title, title_en, codes, level, capacity, place, text in OFFERS:
        person = stage.staff[_officer(stage, department)]
        offers.make_offer(
            stage.departments[department], by=person, owner=person, kind=kind, title=title, title_en=title_en, text=text,
            specialties=_specialties(codes), level=level, capacity=capacity, place=place, form_key=uuid.uuid4(),
            now=stage.at(90, 10, 0),
        )  # fmt: skip
    offers.withdraw_offer(Offer.objects.get(title="酒店服务流程设计"), by=stage.staff["ye"], now=stage.at(10, 9, 0))


def _post(stage, short, kind, title, text, codes, number, open_days, ago, how):
    partner, moment = stage.partners[short], stage.at(ago, 10, 20)
    fields = {
        "kind": kind, "title": title, "text": text, "specialties": _specialties(codes), "number": number,
        "from_on": moment.date(), "until_on": stage.today + timedelta(days=open_days), "form_key": uuid.uuid4(),
    }  # fmt: skip
    if how == "hr":
        return needs.post_need(partner.enterprise, by=partner.contact.user, now=moment, **fields)
    said = {"source": how, "said_by": partner.contact.address_form, "said_at": moment - timedelta(minutes=30)}
    return needs.post_need(partner.enterprise, by=partner.owner, on_behalf=said, now=moment, **fields)


def _decide(stage, posted):
    """One matched, one declined, one met, one withdrawn; what lay before today lapses."""
    of = {need.title: need for need in posted}
    lin, xu = stage.staff["lin"], stage.staff["xu"]
    offer = {row.title: row for row in Offer.objects.all()}
    matches.decide(
        "accepted", by=lin, need=of["套圈磨削振纹问题"], offer=offer["精密测量与检测中心"], number=4, now=stage.at(15, 11, 0)
    )  # fmt: skip
    matches.decide(
        "declined", by=lin, need=of["数控与装配岗位实习生"], offer=offer["新能源汽车专业实习生"], reason="企业要求会操作数控车床。",
        now=stage.at(5, 9, 30),
    )  # fmt: skip
    matches.decide(
        "accepted", by=xu, need=of["大促分拣实习生"], offer=offer["现代物流与电商专业实习生"], now=stage.at(45, 14, 0)
    )  # fmt: skip
    needs.move_need(of["大促分拣实习生"], "meet", by=xu, now=stage.at(12, 15, 0))
    hr = stage.partners["砺锋精密"].contact.user
    needs.move_need(of["请老师讲识图"], "withdraw", by=hr, now=stage.at(20, 9, 0))
    needs.lapse_needs(stage.today, now=stage.at(4, 1, 0))


def _wish(stage):
    """Our department looks for places; one partner was asked already, one does not suit."""
    lin = stage.staff["lin"]
    wish = needs.post_wish(
        stage.departments["机电"], by=lin, kind="interns", title="机电一体化技术 40 个实习岗位", number=40, level="higher",
        text="下学期开始，六个月，最好提供宿舍。", specialties=_specialties(("460301",)), from_on=stage.today,
        until_on=stage.today + timedelta(days=80), form_key=uuid.uuid4(), now=stage.at(8, 9, 0),
    )  # fmt: skip
    matches.decide(
        "declined", by=lin, need=wish, enterprise=stage.partners["越坚齿轮"].enterprise, reason="宿舍正在翻修，下学年再谈。",
        now=stage.at(7, 10, 0),
    )  # fmt: skip
    partner = stage.partners["晟曜光电"]
    match = matches.decide(
        "accepted", by=lin, need=wish, enterprise=partner.enterprise, number=15, now=stage.at(7, 11, 0)
    )
    ask = _asked(stage, "晟曜光电", "lin", "机电", "host", "下学期接收机电一体化实习生", 15, 7, 12, match=match)
    asks.answer_ask(ask, is_yes=True, number=12, note="二车间八名，检测四名。", by=lin, on_behalf=_said(stage, partner, 3),
                    now=stage.at(3, 16, 0))  # fmt: skip


def _said(stage, partner, ago):
    return {"source": "phone", "said_by": partner.contact.address_form, "said_at": stage.at(ago, 15, 0)}


def _asked(stage, short, person, department, kind, text, number, ago, due, **more):
    """Asked so many days ago, to be answered in so many days from today."""
    partner = stage.partners[short]
    return asks.ask_enterprise(
        partner.refreshed(), department=stage.departments[department], by=stage.staff[person], kind=kind, text=text,
        number=number, due_on=stage.today + timedelta(days=due), contact=partner.contact, form_key=uuid.uuid4(),
        now=stage.at(ago, 9, 40), **more,
    )  # fmt: skip


def _ask(stage):
    """Every state; one partner has all it is to have before it, and a lead asks all the same."""
    declined = _asked(stage, "骏翎汽车", "fang", "汽车", "lecture", "请工程师讲一次总装线质量控制", None, 15, 2)
    partner = stage.partners["骏翎汽车"]
    asks.answer_ask(declined, is_yes=False, note="月底冲产量，抽不出人，下月可以。", by=stage.staff["fang"],
                    on_behalf=_said(stage, partner, 11), now=stage.at(11, 15, 30))  # fmt: skip
    done = _asked(stage, "擎川机器人", "lin", "机电", "visit", "带两位老师看装配线", None, 40, -25)
    asks.answer_ask(done, is_yes=True, by=stage.staff["lin"], on_behalf=_said(stage, stage.partners["擎川机器人"], 38),
                    now=stage.at(38, 16, 0))  # fmt: skip
    asks.move_ask(done, "finish", by=stage.staff["lin"], now=stage.at(28, 17, 0))
    _asked(stage, "湾驭电池", "fang", "汽车", "survey", "毕业生跟踪调查，五个问题", None, 20, -3)
    withdrawn = _asked(stage, "云屿软件", "zhou", "信息", "other", "请提供两个真实项目案例", None, 9, 10)
    asks.move_ask(withdrawn, "withdraw", by=stage.staff["zhou"], note="课程改到下学期。", now=stage.at(6, 10, 0))
    _asked(stage, "砺锋精密", "he", "处", "visit", "下周带教育厅专家看实训岗位", None, 2, 8)
    for person, department, kind, text in (
        ("zhou", "信息", "survey", "数字化改造需求调查"), ("xu", "商贸", "visit", "带物流专业学生参观立体库"),
        ("he", "处", "equipment", "捐赠一批报废轴承供拆装实训"), ("fang", "汽车", "lecture", "请讲一次轴承选型"),
    ):  # fmt: skip
        _asked(stage, "宏轸轴承", person, department, kind, text, None, 5, 9)
    _asked(stage, "宏轸轴承", "lead", "处", "visit", "校领导走访", None, 1, 6, because="校长已与董事长约好。")
    asks.expire_asks(stage.today, now=stage.at(2, 1, 0))
