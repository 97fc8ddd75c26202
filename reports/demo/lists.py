"""The Excel lists of the demonstration, laid out as offices keep them."""

import io

from django.core.files.uploadedfile import SimpleUploadedFile

from records.spreadsheets import write_xlsx

HEADS = (
    "序号", "牵头二级学院", "企业全称", "统一社会信用代码", "企业性质", "所属行业", "规模", "详细地址", "法人", "联系人及职务",
    "联系电话", "合作形式", "合作专业(群)", "协议名称", "签订时间", "有效期", "协议编号", "接收实习生数", "接收就业数",
    "捐赠/准捐赠(万元)", "校内对接人", "最近走访时间", "备注",
)  # fmt: skip
VISIT_HEADS = (
    "序号", "走访时间", "方式", "带队领导", "参加人员", "企业名称", "企业参加人员及职务", "走访内容", "达成意向", "就业岗位数",
    "实习岗位数", "企业诉求建议", "跟进人及时限", "落实情况", "佐证",
)  # fmt: skip
OWNERSHIPS = {
    "private": "民营", "state": "国有", "foreign": "外商投资", "collective": "集体", "public": "事业单位", "other": "其他",
}  # fmt: skip
SIZES = {"large": "大型", "medium": "中型", "small": "小型", "micro": "微型", "": ""}


def workbook(name, year, filled_by, filled_on, rows):
    """An upload: title, filler's line, heads, rows, total and notes, as the list is kept. `rows`: dicts head → text."""
    notes = [["合计", "", f"{len(rows)}家"], ["填表说明：企业全称按营业执照填写，没有的不填。"]]
    title = f"青澜职业技术学院{year}年校企合作企业台账"
    return _upload(
        name, title, [f"填报人：{filled_by}", "", "", f"填报日期：{filled_on:%Y.%-m.%-d}"], HEADS, rows, notes
    )


def visits(name, title, filled_by, rows):
    """A list of visits as an upload; `rows` as above. A day without a year takes that of the title."""
    notes = [["合计", f"{len(rows)}次"], ["填表说明：一次走访一行，同行多家企业用顿号隔开。"]]
    return _upload(name, title, [f"填报人：{filled_by}"], VISIT_HEADS, rows, notes)


def _upload(name, title, filler, heads, rows, notes):
    table = [filler, list(heads), *([row.get(head, "") for head in heads] for row in rows), *notes]
    stream = io.BytesIO()
    write_xlsx(stream, [("台账", [title], table)])
    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return SimpleUploadedFile(name, stream.getvalue(), media_type)


def without_heads(name):
    """A list nobody can read: its heads are missing."""
    return SimpleUploadedFile(name, "杭州,三家\n宁波,两家\n".encode("gb18030"), "text/csv")
