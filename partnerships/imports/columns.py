"""The heads of a partner list and what people call them."""

from functools import lru_cache

from records.tables import squeezed

#: {column: what its head may say}; the first is the field's usual word.
COLUMNS: dict[str, tuple[str, ...]] = {
    "sequence": ("序号", "编号", "No", "No."),
    "lead_department": (
        "牵头二级学院", "二级学院", "牵头学院", "牵头部门", "牵头院系", "学院", "院系", "系部", "所属学院",
        "合作学院", "所属二级学院", "责任部门", "归口学院",
    ),
    "name": (
        "企业全称", "企业名称", "单位名称", "单位全称", "合作企业", "合作企业名称", "合作企业全称", "合作单位",
        "合作单位名称", "公司名称", "企业名称(全称)", "单位名称(全称)", "名称", "实习单位全称", "实习单位",
    ),
    "former_names": ("曾用名", "原名称", "企业曾用名", "原名"),
    "uscc": (
        "统一社会信用代码", "信用代码", "社会信用代码", "统一信用代码", "企业统一社会信用代码", "统一社会信用代码/税号",
        "组织机构代码", "营业执照号", "统一代码", "统一社会信用代码(18位)",
    ),
    "ownership": ("企业性质", "单位性质", "性质", "所有制", "企业类型", "单位类型", "经济类型"),
    "industry": ("所属行业", "行业", "行业类别", "行业门类", "所属产业", "行业领域", "行业分类"),
    "size": ("规模", "企业规模", "单位规模", "规模(人)", "企业规模(人)", "规模类型"),
    "headcount": ("职工人数", "员工人数", "员工数", "职工数", "从业人数", "人数", "在职人数"),
    "address": ("详细地址", "地址", "企业地址", "单位地址", "通讯地址", "注册地址", "联系地址",
        "企业详细地址", "所在地"),
    "legal_representative": ("法人", "法定代表人", "法人代表", "企业法人", "法人姓名", "法定代表人姓名"),
    "contact": (
        "联系人及职务", "联系人", "企业联系人", "联系人姓名", "企业联系人及职务", "联系人及职务姓名", "联系人/职务",
        "姓名", "单位联系人", "联系人姓名及职务", "企业联系人姓名", "联系人信息", "联系人及电话", "企业联系人及电话",
    ),
    "contact_position": ("职务", "联系人职务", "联系人及职务职务", "企业联系人职务", "职位"),
    "contact_phone": (
        "联系电话", "电话", "手机", "联系方式", "手机号", "手机号码", "联系人电话", "企业联系电话", "联系人联系电话",
        "企业联系人电话", "联系人手机", "联系人手机号", "联系人及职务电话", "联系人联系方式", "企业联系方式",
    ),
    "cooperation_modes": ("合作形式", "合作方式", "合作模式", "合作类型", "合作内容", "合作项目"),
    "specialties": (
        "合作专业(群)", "合作专业", "合作专业群", "对接专业", "对接专业(群)", "专业", "专业(群)",
        "涉及专业", "面向专业",
    ),
    "agreement_title": ("协议名称", "合同名称", "协议", "合作协议名称", "合作协议", "协议(合同)名称"),
    "signed": ("签订时间", "签订日期", "签约时间", "签约日期", "签署时间", "签署日期",
        "协议签订时间", "协议签订日期"),
    "term": (
        "有效期", "合作期限", "协议期限", "合同期限", "有效期限", "协议有效期", "合作年限", "起止时间", "起止日期",
        "期限", "合作起止时间", "合作时间",
    ),
    "agreement_number": ("协议编号", "合同编号", "协议号", "合同号", "协议(合同)编号"),
    "interns_taken": (
        "接收实习生数", "接收实习生人数", "实习生数", "实习人数", "接收实习学生数", "接收学生实习人数", "接收实习人数",
        "接纳实习生数", "接收顶岗实习学生数", "接收实习生",
    ),
    "graduates_hired": (
        "接收就业数", "接收就业人数", "就业人数", "就业数", "接收毕业生数", "接收毕业生人数", "接收毕业生就业数",
        "接收毕业生就业人数", "录用毕业生数",
    ),
    "donation": (
        "捐赠/准捐赠(万元)", "捐赠(万元)", "准捐赠(万元)", "捐赠/准捐赠", "捐赠金额", "捐赠金额(万元)", "捐赠",
        "准捐赠", "捐赠设备价值(万元)", "捐赠总额(万元)", "捐赠或准捐赠(万元)", "捐赠/准捐赠金额(万元)", "捐赠(元)",
        "捐赠金额(元)", "捐赠/准捐赠(元)", "设备捐赠(万元)",
    ),
    "school_contact": (
        "校内对接人", "校内联系人", "校方联系人", "对接人", "学校联系人", "校内负责人", "校内对接人姓名", "学院联系人",
        "校内对接教师", "校内联系人姓名",
    ),
    "school_contact_phone": ("校内对接人电话", "校内联系人电话", "对接人电话", "校内对接人联系电话", "校方联系电话"),
    "last_visit": (
        "最近走访时间", "最近走访日期", "最近一次走访时间", "走访时间", "最近联系时间", "上次走访时间", "最近走访",
        "最后走访时间", "最近拜访时间",
    ),
    "remark": ("备注", "说明", "其他", "备注说明"),
    "reason": ("原因", "退回原因", "Reason", "What is wrong"),
}  # fmt: skip

#: Longest text of a column. A longer one stops the row: cutting it would lose what somebody wrote.
LIMITS = {
    "lead_department": 100,
    "name": 100,
    "ownership": 50,
    "industry": 100,
    "size": 50,
    "address": 200,
    "legal_representative": 60,
    "contact": 500,
    "contact_position": 60,
    "agreement_title": 200,
    "agreement_number": 60,
    "school_contact": 100,
    "remark": 2000,
}

#: Columns whose numbers are names of things: digits lost in them cannot be found again.
CODES = ("uscc", "contact_phone", "agreement_number", "school_contact_phone", "contact")

#: CSV loses merged cells: a row without these continues the row above and takes over the others.
ANCHORS = frozenset({"sequence", "name", "uscc"})
CARRIED = frozenset(
    {
        "sequence", "lead_department", "name", "former_names", "uscc", "ownership", "industry", "size", "headcount",
        "address", "legal_representative", "contact", "contact_position", "contact_phone",
    }
)  # fmt: skip

_KEYS = {squeezed(head).lower(): key for key, heads in COLUMNS.items() for head in heads}


@lru_cache(maxsize=4096)
def known(head: str) -> str | None:
    """The column a squeezed head stands for, or None."""
    head = head.lower()
    if key := _KEYS.get(head):
        return key
    bare = head.split("(")[0]  # "走访时间(年月)" is still 走访时间; a unit of money is part of the head
    return _KEYS.get(bare) if bare and bare != head else None
