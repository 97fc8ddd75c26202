"""Partner lists as offices keep them: the same table as .xlsx, .xls and GBK .csv, with everything that is dirty in it."""

import csv
import datetime
import io
import struct
import zipfile
import zlib

import xlsxwriter
import xlwt
from PIL import Image

HEADS = (
    "序号", "牵头二级学院", "企业全称", "统一社会信用代码", "企业性质", "所属行业", "规模", "详细地址", "法人", "联系人及职务",
    "联系电话", "合作形式", "合作专业(群)", "协议名称", "签订时间", "有效期", "协议编号", "接收实习生数", "接收就业数",
    "捐赠/准捐赠(万元)", "校内对接人", "最近走访时间", "备注",
)  # fmt: skip
CODE = "91330100MA27XL0C42"  # with its check character, see code_for
LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def code_for(number: int) -> str:
    """A code with the right check character."""
    body = f"9133010{number % 10}MA{number:07d}"[:17]
    weights = [pow(3, place, 31) for place in range(17)]
    total = sum(LETTERS.index(character) * weight for character, weight in zip(body, weights, strict=True))
    return body + LETTERS[(31 - total % 31) % 31]


def line(**values) -> list:
    """A row in the order of HEADS: line(name="恒力", signed="2024.9.1")."""
    places = dict(zip(KEYS, range(len(KEYS)), strict=True))
    cells = [None] * len(HEADS)
    for key, value in values.items():
        cells[places[key]] = value
    return cells


KEYS = (
    "sequence", "lead", "name", "uscc", "ownership", "industry", "size", "address", "legal", "contact", "phone", "modes",
    "specialties", "agreement", "signed", "term", "number", "interns", "hired", "donation", "school", "visit", "remark",
)  # fmt: skip

#: One enterprise merged over three agreements: columns of the enterprise, lines of MESSY_ROWS (from, to).
MERGED_COLUMNS = range(11)
MERGED_ROWS = (2, 4)


def messy_rows() -> list[list]:
    """Text and numbers only, so that all three formats can hold them."""
    return [
        line(sequence="1", lead="机电学院", name="恒力轴承（杭州）有限公司\u00a0", uscc=code_for(1), ownership="民营",
             industry="制造业", size="500人", address="杭州市萧山区", legal="孙国强",
             contact="赵敏（人事）13800000001/钱波0571-88886666转802 微信同号", modes="订单班、实习", specialties="机电一体化技术,数控技术",
             agreement="校企合作协议", signed="2024.9.1", term="2024.9-2027.8", number="HT-01", interns="30余人", hired="5",
             donation="约5万(设备)", school="李老师", visit="2025年6月"),
        line(sequence="2", lead="同上", name="𠮷田精密·机械有限公司(原恒力机械厂)", uscc="办理中", contact="吴芳", phone="13900000002",
             agreement="实习基地协议", signed="24.9", term="三年", interns="若干"),
        line(sequence="3", lead="信息学院", name="云栈科技有限公司", uscc=code_for(3).lower(), contact="周经理", phone="13700000003",
             agreement="框架协议", signed="2023年3月", term="长期"),
        line(agreement="订单班协议", signed="45536", term="2024.9.1—2027.8.31"),
        line(agreement="共建协议", signed="2024-2025-1", term="至2027年8月"),
        line(sequence="4", lead="信息学院", name="同上", agreement="补充协议", signed="２０２５．３．１"),
    ]  # fmt: skip


TITLE = "XX职业技术学院2025年校企合作企业台账"
FILLER = "填报人：王老师    填报日期：2025年9月1日"
CLOSING = [
    ["小计", None, None, "6"],
    ["合计", None, None, "6"],
    ["填表说明：1. 请按营业执照填写。"],
    ["2. 没有的不填。", "a", "b", "c", "d"],
]


def layout(rows: list[list]) -> list[list]:
    """Title and filler above; a subtotal within, the total, notes and signatures below."""
    return [
        [TITLE],
        [FILLER],
        list(HEADS),
        *rows[:2],
        ["小计", None, "2家"],
        *rows[2:],
        *CLOSING,
        ["审核人：", None, "日期："],
    ]


FIRST_LINE = 4  # of messy_rows in layout()
LINES = [4, 5, 7, 8, 9, 10]
MERGED_LINES = (7, 9)


def as_xlsx(rows: list[list], *, name="台账", merged=True, picture=True) -> bytes:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet(name)
        fill_xlsx(book, sheet, rows, merged=merged)
        if picture:
            png = io.BytesIO()
            Image.new("RGB", (40, 20), "red").save(png, "PNG")
            sheet.insert_image(4, 2, "stamp.png", {"image_data": png})
    return stream.getvalue()


def fill_xlsx(book, sheet, rows, *, merged=False) -> None:
    day = book.add_format({"num_format": "yyyy/m/d"})
    if merged:
        sheet.merge_range(0, 0, 0, len(HEADS) - 1, "")
    for at, row in enumerate(rows):
        for column, value in enumerate(row):
            if merged and column in MERGED_COLUMNS and MERGED_LINES[0] <= at + 1 <= MERGED_LINES[1]:
                if at + 1 == MERGED_LINES[0]:
                    sheet.merge_range(at, column, MERGED_LINES[1] - 1, column, "" if value is None else value)
            elif isinstance(value, datetime.date):
                sheet.write_datetime(at, column, value, day)
            elif value is not None:
                sheet.write(at, column, value)


def as_xls(rows: list[list], *, name="台账", merged=True) -> bytes:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet(name)
    for at, row in enumerate(rows):
        for column, value in enumerate(row):
            if merged and column in MERGED_COLUMNS and MERGED_LINES[0] <= at + 1 <= MERGED_LINES[1]:
                if at + 1 == MERGED_LINES[0]:
                    sheet.write_merge(at, MERGED_LINES[1] - 1, column, column, value)
            elif value is not None and not (merged and at == 0 and column):
                if merged and at == 0:
                    sheet.write_merge(0, 0, 0, len(HEADS) - 1, value)
                else:
                    sheet.write(at, column, value)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def as_csv(rows: list[list], encoding="gb18030") -> bytes:
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows([["" if cell is None else cell for cell in row] for row in rows])
    return stream.getvalue().encode(encoding)


# Hostile files


def changed_part(data: bytes, part: str, change) -> bytes:
    """The same workbook with one part changed."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            content = old.read(info)
            new.writestr(info.filename, change(content) if info.filename == part else content)
    return stream.getvalue()


def zip_bomb(megabytes: int = 300) -> bytes:
    """A workbook whose sheet is spaces; the directory tells the truth."""
    block = b" " * 1024 * 1024
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("xl/workbook.xml", "<workbook/>")
        with bomb.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            for _ in range(megabytes):
                part.write(block)
    return stream.getvalue()


def lying_zip_bomb(megabytes: int = 300) -> bytes:
    """The same, but both directories declare a few bytes."""
    content = b"<worksheet>" + b" " * megabytes * 1024 * 1024
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(content) + packer.flush()
    parts = [
        (b"xl/workbook.xml", b"<workbook/>", 0, b"<workbook/>"),
        (b"xl/worksheets/sheet1.xml", packed, 8, content[:11]),
    ]
    body, directory = b"", b""
    for name, raw, method, shown in parts:
        sizes = struct.pack("<III", zlib.crc32(shown), len(raw), len(shown))
        head = struct.pack("<HHHHH", 20, 0, method, 0, 33) + sizes
        directory += (
            b"PK\x01\x02" + struct.pack("<H", 20) + head + struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, len(body))
        )
        directory += name
        body += b"PK\x03\x04" + head + struct.pack("<HH", len(name), 0) + name + raw
    end = struct.pack("<HHHHIIH", 0, 0, len(parts), len(parts), len(directory), len(body), 0)
    return body + directory + b"PK\x05\x06" + end


ENTITY_BOMB = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>&b;&c;</t></is></c></row></sheetData></worksheet>"""
