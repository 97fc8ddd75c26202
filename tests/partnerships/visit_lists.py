"""Lists of visits (走访台账) as offices keep them."""

import io

import xlsxwriter

HEADS = (
    "序号", "走访时间", "方式", "带队领导", "参加人员", "企业名称", "企业参加人员及职务", "走访内容", "达成意向", "就业岗位数",
    "实习岗位数", "企业诉求建议", "跟进人及时限", "落实情况", "佐证",
)  # fmt: skip
KEYS = (
    "sequence", "when", "kind", "leader", "party", "firms", "people", "summary", "agreed", "jobs", "internships", "wishes",
    "follow_up", "outcome", "evidence",
)  # fmt: skip
TITLE = "XX职业技术学院2026年访企拓岗走访台账"


def visit(**values):
    """A row in the order of HEADS: visit(when="2026.3.12", firms="恒力轴承有限公司")."""
    assert set(values) <= set(KEYS)
    return [values.get(key) for key in KEYS]


def layout(rows, title=TITLE):
    """Title and filler above, the total and notes below."""
    return [
        [title],
        ["填报人：王老师    填报单位：招生就业处"],
        list(HEADS),
        *rows,
        ["合计", f"{len(rows)}次"],
        ["填表说明：按次填写。"],
    ]


def as_xlsx(rows, *, name="走访"):
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet(name)
        for at, row in enumerate(rows):
            for column, value in enumerate(row):
                if value is not None:
                    sheet.write(at, column, value)
    return stream.getvalue()
