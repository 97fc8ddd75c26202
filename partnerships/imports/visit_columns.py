"""The heads of a list of visits (走访台账) and what people call them."""

from functools import lru_cache

from django.utils.translation import gettext_lazy as _

from records.tables import squeezed

#: {column: what its head may say}; the first is the field's usual word.
COLUMNS: dict[str, tuple[str, ...]] = {
    "sequence": ("序号", "编号", "No", "No."),
    "when": (
        "走访时间", "走访日期", "时间", "日期", "走访时间段", "拜访时间", "调研时间", "访企时间", "活动时间",
        "走访起止时间", "day",
    ),
    "kind": ("方式", "走访方式", "形式", "走访形式", "联系方式", "访企方式", "how"),
    "leader": ("带队领导", "带队人", "领队", "带队", "带队校领导", "带队领导及职务", "带队领导姓名", "led by"),
    "party": (
        "参加人员", "参与人员", "随行人员", "同行人员", "走访人员", "学校参加人员", "我校参加人员", "校方参加人员",
        "学校参与人员", "colleagues",
    ),
    "firms": (
        "企业名称", "走访企业", "走访单位", "企业全称", "单位名称", "走访企业名称", "走访单位名称", "单位全称",
        "被访企业", "用人单位", "用人单位名称", "公司名称", "enterprise",
    ),
    "people": (
        "企业参加人员及职务", "企业参加人员", "企业参与人员", "企业接待人员", "企业接待人员及职务", "企业接待人",
        "接待人员", "接待人及职务", "企业参与人员及职务", "企业方参加人员", "who took part for the enterprise",
    ),
    "summary": (
        "走访内容", "内容", "主要内容", "走访主要内容", "洽谈内容", "交流内容", "走访情况", "工作内容", "走访事由",
        "what it was about",
    ),
    "agreed": ("达成意向", "达成的意向", "合作意向", "达成合作意向", "走访成效", "走访成果", "成效", "what was agreed"),
    "jobs": (
        "就业岗位数", "新增就业岗位数", "拓展就业岗位数", "就业岗位", "提供就业岗位数", "拓展岗位数", "开拓就业岗位数",
        "岗位数", "new jobs offered",
    ),
    "internships": (
        "实习岗位数", "新增实习岗位数", "拓展实习岗位数", "实习岗位", "提供实习岗位数", "开拓实习岗位数",
        "new internship places offered",
    ),
    "wishes": (
        "企业诉求建议", "企业诉求", "企业诉求及建议", "诉求建议", "企业建议", "企业需求", "企业意见建议", "意见建议",
        "企业诉求与建议", "what the enterprise wishes",
    ),
    "follow_up": (
        "跟进人及时限", "跟进人", "跟进人及期限", "跟进责任人及时限", "责任人及时限", "跟进责任人", "落实责任人及时限",
    ),
    "outcome": ("落实情况", "跟进情况", "进展情况", "跟进落实情况", "完成情况"),
    "evidence": ("佐证", "佐证材料", "证明材料", "佐证资料", "支撑材料", "附件", "新闻链接", "evidence for"),
    "reason": ("原因", "退回原因", "Reason", "What is wrong"),
}  # fmt: skip

#: What each column is called where one reads it here.
LABELS = {
    "when": _("Day"),
    "kind": _("How"),
    "leader": _("Led by"),
    "party": _("Took part for the school"),
    "firms": _("Enterprises"),
    "people": _("Took part for the enterprise"),
    "summary": _("What it was about"),
    "agreed": _("Agreed"),
    "jobs": _("New jobs"),
    "internships": _("New internship places"),
    "wishes": _("Wishes"),
    "follow_up": _("Who follows up, until when"),
    "outcome": _("What became of it"),
    "evidence": _("Evidence"),
}

#: Longest text of a column. A longer one stops the row: cutting it would lose what somebody wrote.
LIMITS = {
    "when": 60, "kind": 60, "leader": 60, "party": 200, "firms": 1000, "people": 200, "summary": 2000, "agreed": 2000,
    "jobs": 60, "internships": 60, "wishes": 2000, "follow_up": 200, "outcome": 2000, "evidence": 500,
}  # fmt: skip

#: CSV loses merged cells: a row without these continues the row above and takes over the others.
ANCHORS = frozenset({"sequence", "firms", "summary"})
CARRIED = frozenset({"sequence", "when", "kind", "leader", "party"})

_KEYS = {squeezed(head).lower(): key for key, heads in COLUMNS.items() for head in heads}


@lru_cache(maxsize=4096)
def known(head: str) -> str | None:
    """The column a squeezed head stands for, or None."""
    head = head.lower()
    if key := _KEYS.get(head):
        return key
    bare = head.split("(")[0]  # "走访时间(年月日)" is still 走访时间
    return _KEYS.get(bare) if bare and bare != head else None
