"""What waits for somebody: registrations to decide, lists to check, a pair that is probably one enterprise."""

import uuid
from datetime import timedelta

from django.db.models import Count, F

from partnerships.models import Touchpoint
from partnerships.services.corrections import correct_touchpoint, withdraw_touchpoint
from partnerships.services.imports import discard_import, finish_applying, read_import, start_applying, upload_import
from partnerships.services.registrations import accept_registration, refuse_registration, register_enterprise
from partnerships.services.touchpoints import start_of
from records.saved import save_view
from reports import services as exports
from reports.demo import lists
from reports.demo.enterprises import code
from reports.lists import LISTS

#: (name, contact, phone, wishes, days ago).
REGISTRATIONS = (
    (
        "杭州屿光智能家居有限公司",
        "鲁佳",
        "13600000311",
        "我们做智能门锁，想接五到八名电子专业实习生，也愿意来校讲产品测试。",
        1,
    ),
    ("宁波铸信检测技术有限公司", "郝文杰", "13700000452", "第三方检测机构，想与机电专业共建检测实训室。", 4),
    ("杭州青橙里烘焙有限公司", "柳欣怡", "15800000927", "门店见习，周末班为主，包午餐。", 33),
    ("杭州速招通企业服务有限公司", "王经理", "15900000688", "可为贵校学生提供大量实习岗位，按人头结算。", 60),
)


def fill_queues(stage):
    _registrations(stage)
    _lists(stage)
    _visits(stage)
    _mend(stage)
    _kept_lists(stage)


def _registrations(stage):
    kept = []
    for name, contact, phone, wishes, ago in REGISTRATIONS:
        kept.append(register_enterprise(
            name=name, uscc=code(stage.random, "330110", "private"), contact_name=contact, phone=phone, wishes=wishes,
            language="zh-hans", form_key=uuid.uuid4(), now=stage.at(ago),
        ))  # fmt: skip
    accept_registration(kept[2], by=stage.staff["ye"], now=stage.at(30))
    reason = "劳务中介，按人头收费，不符合实习管理规定，已电话告知。"
    refuse_registration(kept[3], by=stage.staff["lead"], reason=reason, now=stage.at(58))


def _lists(stage):
    """One list to check, one that nobody could read, one that was put aside."""
    lin, zhou = stage.staff["lin"], stage.staff["zhou"]
    year = stage.today.year
    upload = lists.workbook(f"智能制造学院{year}年企业台账.xlsx", year, lin.name, stage.today, _rows_to_check(stage))
    when = stage.at(1, 15)
    read_import(upload_import(by=lin, upload=upload, form_key=uuid.uuid4(), now=when), now=when)
    when = stage.at(41, 10)
    upload = lists.without_heads("信息学院.csv")
    batch = read_import(upload_import(by=zhou, upload=upload, form_key=uuid.uuid4(), now=when), now=when)
    discard_import(batch, by=zhou, now=when + timedelta(minutes=3))
    return batch


def _kept_lists(stage):
    """What somebody keeps of lists: a view under a name, and a file that stands ready."""
    lin = stage.staff["lin"]
    query = "mine=true&rhythm=gap&sort=contact"
    save_view(by=lin, list_name="partners", name="我该联系的企业", query=query, now=stage.at(20, 9))
    when = stage.at(1, 16)
    exports.start_export(LISTS["partners"], by=lin, query="state=active", form_key=uuid.uuid4(), now=when)
    exports.write_next(now=when + timedelta(seconds=2))


def _rows_to_check(stage):
    """New, changed, unchanged and faulty rows, as the faculty keeps them."""
    random = stage.random
    known = [stage.partners[short].enterprise for short in ("砺锋精密", "临澜数控", "禾阀流体", "苕川电梯", "宏轸轴承")]
    rows = [{"企业全称": row.name, "统一社会信用代码": row.uscc, "详细地址": row.address} for row in known]
    rows[1] |= {"规模": "380人", "法人": "严新民"}
    rows[2] |= {"联系人及职务": "魏红梅（人事）", "联系电话": "13500000776"}
    rows[4] |= {"最近走访时间": f"{stage.working_day(70):%Y.%-m.%-d}"}
    visited = start_of(stage.working_day(120))
    rows += [
        {
            "企业全称": "杭州铭钜液压技术有限公司", "统一社会信用代码": code(random, "330112", "private"), "企业性质": "民营",
            "所属行业": "液压阀门", "规模": "160人", "详细地址": "杭州市临安区锦南街道上杨路12号", "联系人及职务": "倪卫东（行政）",
            "联系电话": "13700000615 微信同号", "协议名称": "校外实习基地协议", "签订时间": f"{stage.today.year}.3",
            "最近走访时间": f"{visited.year}年{visited.month}月", "接收实习生数": "10余人",
        },
        {
            "企业全称": "绍兴捷禾自动化科技有限公司", "统一社会信用代码": code(random, "330602", "private").lower(), "企业性质": "民营",
            "详细地址": "绍兴市越城区迪荡街道汇金路9号", "联系人及职务": "苏荣/范静", "联系电话": "13800000440/0575-88006612转8",
        },
        {"企业全称": "杭州卓轩机电安装有限公司", "统一社会信用代码": "办理中", "联系人及职务": "彭师傅"},
        {"企业全称": "浙江昶达传动机械有限公司", "统一社会信用代码": "9.13301E+17", "联系人及职务": "袁俊"},
        {"企业全称": "杭州鼎瑜热处理有限公司", "统一社会信用代码": "91330109MA2K00000A", "最近走访时间": "2026.2.30"},
        {"企业全称": "", "统一社会信用代码": code(random, "330109", "private"), "联系人及职务": "无名单"},
    ]  # fmt: skip
    return [{"序号": str(number)} | row for number, row in enumerate(rows, 1)]


def _visits(stage):
    """A list of visits that was taken in, and the one of this term, to check: most known, some to mend."""
    lin = stage.staff["lin"]
    when = stage.at(20, 14)
    upload = lists.visits("上学期走访台账.xlsx", "智能制造学院上学期走访台账", lin.name, _visited(stage))
    batch = read_import(upload_import(by=lin, upload=upload, form_key=uuid.uuid4(), now=when), now=when)
    finish_applying(start_applying(batch, by=lin, now=when), now=when)
    when = stage.at(1, 16)
    upload = lists.visits("本学期走访台账.xlsx", "智能制造学院走访台账", lin.name, _visits_to_check(stage))
    read_import(upload_import(by=lin, upload=upload, form_key=uuid.uuid4(), now=when), now=when)


def _visited(stage):
    """So long ago that everybody has been in touch since."""
    day = stage.working_day(170)
    last = min(day + timedelta(days=2), day.replace(month=12, day=31))
    return [
        {"序号": "1", "走访时间": f"{day:%Y.%-m.%-d}上午", "方式": "实地走访", "带队领导": "张校长一行5人",
         "参加人员": f"{stage.staff['lin'].name}、专业带头人两名", "企业名称": "杭州砺锋精密机械有限公司", "企业参加人员及职务": "赵敏（人事经理）",
         "走访内容": "看望实习生，察看新车间的数控工位。", "达成意向": "明年增设一个订单班。", "就业岗位数": "20+", "实习岗位数": "若干",
         "企业诉求建议": "希望学生提前学会三坐标测量。", "跟进人及时限": f"{stage.staff['lin'].name} {day.year}年12月底前", "佐证": "见公众号"},
        {"序号": "2", "走访时间": f"{day:%Y.%-m.%-d}-{last:%-m.%-d}", "方式": "走访", "带队领导": "产教融合处一行4人",
         "企业名称": "、".join(stage.partners[short].enterprise.name for short in ("临澜数控", "禾阀流体", "苕川电梯", "宏轸轴承")),
         "走访内容": "沟通下学期实习安排和师傅名单。", "达成意向": "四家均愿意继续接收实习生。", "实习岗位数": "30余人"},
    ]  # fmt: skip


def _visits_to_check(stage):
    known = _visited(stage)
    day = stage.working_day(35)
    rows = [
        known[0] | {"落实情况": "订单班方案已报教务处。"},
        known[1],
        {"走访时间": f"{day:%Y.%-m.%-d}下午", "方式": "电话", "企业名称": "砺锋精密", "走访内容": "核对实习生返岗名单。",
         "实习岗位数": "6", "跟进人及时限": "尽快"},
        {"走访时间": f"{day:%Y年%-m月}", "方式": "来校", "企业名称": stage.partners["宏轸轴承"].enterprise.name,
         "走访内容": "来校宣讲，看数控实训中心。", "就业岗位数": "约15人"},
        {"走访时间": "3.12-3.14", "方式": "走访", "企业名称": stage.partners["临澜数控"].enterprise.name, "走访内容": "谈现代学徒制。"},
        {"走访时间": f"{day:%Y.%-m.%-d}", "企业名称": "杭州砺锋精密机戒有限公司", "走访内容": "看望实习生。"},
        {"走访时间": f"{day:%Y.%-m.%-d}", "企业名称": "临澜数控、禾阀流体等4家企业", "走访内容": "沟通师傅名单。"},
        {"走访时间": "2026.2.30", "企业名称": stage.partners["苕川电梯"].enterprise.name, "走访内容": "签约。"},
    ]  # fmt: skip
    return [row | {"序号": str(number)} for number, row in enumerate(rows, 1)]


def _mend(stage):
    """What was logged wrong: a call whose words were corrected, and an enterprise taken off a tour."""
    first = stage.partners["砺锋精密"]
    standing = Touchpoint.objects.standing().select_related("logged_by", "enterprise").order_by("-happened_at", "pk")
    call = standing.filter(enterprise=first.enterprise, trip=None, proxy=None, logged_by=first.owner)[0]
    changes = {"summary": f"{call.summary}（名额以下月确认为准）"}
    correct_touchpoint(call, by=first.owner, version=call.version, changes=changes, now=stage.at(1, 11))
    tours = standing.annotate(stops=Count("trip__touchpoints")).filter(stops__gt=2, is_from_list=False)
    part = tours.filter(enterprise__last_contact_at__gt=F("happened_at")).last()
    withdraw_touchpoint(part, by=part.logged_by, reason="企业临时停电，没有走成，改日再约。", now=stage.at(15, 10))
