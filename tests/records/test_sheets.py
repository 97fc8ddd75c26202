"""Reading workbooks: every format gives the same cells, every hostile file one sentence."""

import datetime
import io
import random
import time

import openpyxl
import pytest
import xlsxwriter
import xlwt
from hypothesis import given, settings
from hypothesis import strategies as st

from records import sheets
from records.sheets import CellError, Merged, UnreadableSheet, read_workbook, text_of
from records.tables import find_table
from tests.partnerships import lists

ROWS = [["企业全称", "数"], ["恒力·𠮷", 30.0], ['=HYPERLINK("http://x")', None]]


def xlsx(fill) -> bytes:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        fill(book)
    return stream.getvalue()


def plain(book):
    sheet = book.add_worksheet("一")
    for at, row in enumerate(ROWS):
        sheet.write_row(at, 0, row)


def refusal(data: bytes, name: str) -> UnreadableSheet:
    with pytest.raises(UnreadableSheet) as caught:
        read_workbook(data, name)
    assert len(str(caught.value)) > 20
    assert "%(" not in str(caught.value)
    return caught.value


def test_xlsx_xls_and_csv_hold_the_same_texts():
    as_text = [[text_of(cell) for cell in row] for row in ROWS]
    for data, name in (
        (xlsx(plain), "a.xlsx"),
        (lists.as_xls(ROWS, name="一", merged=False), "a.XLS"),
        (lists.as_csv(ROWS, "gb18030"), "a.csv"),
        (lists.as_csv(ROWS, "utf-8"), "a.csv"),
        (lists.as_csv(ROWS, "utf-8-sig"), "a.csv"),
        (lists.as_csv(ROWS, "utf-16"), "a.csv"),
    ):
        book = read_workbook(data, name)
        assert [[text_of(cell).replace("30.0", "30") for cell in row] for row in book.sheets[0].rows] == as_text


def test_values_keep_their_kind():
    def fill(book):
        sheet = book.add_worksheet("一")
        sheet.write_datetime(0, 0, datetime.datetime(2024, 9, 1), book.add_format({"num_format": 'yyyy"年"m"月"'}))
        sheet.write_formula(0, 1, "=REF!", value="#REF!")
        sheet.write_formula(0, 2, "=1+1", value=2)
        sheet.write_boolean(0, 3, True)
        sheet.write_number(0, 4, 330109199901010000)
        sheet.write_datetime(
            0, 5, datetime.datetime(2024, 9, 1, 8, 30), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        )

    [row] = read_workbook(xlsx(fill), "a.xlsx").sheets[0].rows
    assert row == [
        datetime.date(2024, 9, 1), CellError("#REF!"), 2, True, 3.3010919990101e17, datetime.datetime(2024, 9, 1, 8, 30)
    ]  # fmt: skip
    assert [text_of(cell) for cell in row][:4] == ["2024-09-01", "#REF!", "2", "TRUE"]


def test_errors_and_hidden_rows_of_old_workbooks_are_found():
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("机电")
    sheet.write(0, 0, "a")
    sheet.row(0).set_cell_error(1, 0x17)
    sheet.row(0).hidden = True
    sheet.write_merge(2, 4, 0, 0, "m")
    hidden = book.add_sheet("藏")
    hidden.visibility = 1
    hidden.write(0, 0, "x")
    stream = io.BytesIO()
    book.save(stream)
    first, second = read_workbook(stream.getvalue(), "a.xls").sheets
    assert first.rows[0] == ["a", CellError("#REF!")]
    assert first.hidden_rows == {0}
    assert first.merged == [Merged(2, 0, 4, 0)]
    assert (second.name, second.is_hidden) == ("藏", True)


def test_hidden_rows_merged_cells_and_unsaved_formulas_are_told():
    def fill(book):
        sheet = book.add_worksheet("一")
        sheet.merge_range("A1:A3", "m")
        sheet.set_row(1, None, None, {"hidden": True})
        book.add_worksheet("藏").hide()

    first, second = read_workbook(xlsx(fill), "a.xlsx").sheets
    assert (first.merged, first.hidden_rows, first.is_hidden) == ([Merged(0, 0, 2, 0)], {1}, False)
    assert second.is_hidden
    book = openpyxl.Workbook()
    book.active["A1"], book.active["B1"] = "x", "=1+1"
    stream = io.BytesIO()
    book.save(stream)
    assert read_workbook(stream.getvalue(), "a.xlsx").sheets[0].unsaved_formulas == 1


def test_the_quick_look_and_the_thorough_one_agree(monkeypatch):
    data = lists.as_xlsx(lists.layout(lists.messy_rows()))
    quick = sheets.sheet_worker.look_into_xlsx(data)
    monkeypatch.setattr(sheets.sheet_worker, "look_quickly", lambda xml: None)
    thorough = sheets.sheet_worker.look_into_xlsx(data)
    assert [vars(found) for found in quick.values()] == [vars(found) for found in thorough.values()]
    assert quick["台账"].height > 10


def test_formats_below_the_last_row_do_not_count_as_rows():
    def fill(book):
        sheet = book.add_worksheet("一")
        sheet.write(0, 0, "x")
        sheet.write_blank(900_000, 300, None, book.add_format({"bold": True}))

    assert read_workbook(xlsx(fill), "a.xlsx").sheets[0].rows == [["x"]]


GOOD = xlsx(plain)
OLD = lists.as_xls(ROWS, name="一", merged=False)
SHEET1 = "xl/worksheets/sheet1.xml"


def far_cell(place: str) -> bytes:
    return lists.changed_part(GOOD, SHEET1, lambda xml: xml.replace(b'r="A3"', b'r="%s"' % place.encode()))


HOSTILE = {
    "empty": (b"", "a.xlsx", "empty"),
    "blank csv": (b"\r\n,,\r\n", "a.csv", "empty"),
    "torn xlsx": (GOOD[:-200], "a.xlsx", "damaged"),
    "only the signature": (b"PK\x03\x04", "a.xlsx", "damaged"),
    "torn xls": (OLD[:700], "a.xls", "damaged"),
    "only the old signature": (OLD[:8], "a.xls", "damaged"),
    "noise": (random.Random(1).randbytes(5000), "a.xlsx", "wrong_type"),
    "noise as csv": (b"\0\1\2" * 50, "a.csv", "encoding"),
    "bytes of no encoding": (b"a,b\n\xff\xff\xfe", "a.csv", "encoding"),
    "csv named xlsx": (b"a,b\n1,2", "a.xlsx", "wrong_type"),
    "xls named xlsx": (OLD, "a.xlsx", "wrong_type"),
    "xlsx named xls": (GOOD, "a.xls", "wrong_type"),
    "xlsx named csv": (GOOD, "a.csv", "wrong_type"),
    "picture": (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "a.xlsx", "wrong_type"),
    "pdf": (b"%PDF-1.7\n1 0 obj", "a.xls", "wrong_type"),
    "web page": (b"<html><table><tr><td>x", "a.xls", "web_page"),
    "other name": (GOOD, "a.exe", "wrong_name"),
    "word document": (lists.changed_part(GOOD, "", None).replace(b"xl/workbook.xml", b"word/docume.xml"), "a.xlsx", "not_a_list"),
    "zip bomb": (lists.zip_bomb(), "a.xlsx", "bomb"),
    "small ratio bomb": (lists.zip_bomb(30), "a.xlsx", "bomb"),
    "lying zip bomb": (lists.lying_zip_bomb(), "a.xlsx", "bomb"),
    "lying small part": (lists.lying_zip_bomb(2), "a.xlsx", "damaged"),
    "entity bomb": (lists.changed_part(GOOD, SHEET1, lambda xml: lists.ENTITY_BOMB), "a.xlsx", "damaged"),
    "entities in the workbook": (
        lists.changed_part(GOOD, "xl/workbook.xml", lambda xml: lists.ENTITY_BOMB), "a.xlsx", "damaged"),
    "string count": (
        lists.changed_part(GOOD, "xl/sharedStrings.xml", lambda x: x.replace(b'uniqueCount="', b'uniqueCount="99999999')),
        "a.xlsx", "damaged"),
    "cell in the last row": (far_cell("A1048576"), "a.xlsx", "too_many_rows"),
    "cell in the last column": (far_cell("XFD3"), "a.xlsx", "too_many_columns"),
    "cell beyond every sheet": (far_cell("ZZZZZ3"), "a.xlsx", "damaged"),
    "many rows": (b"a\n" * 50_001, "a.csv", "too_many_rows"),
    "many columns": (b"a," * 201, "a.csv", "too_many_columns"),
    "endless quote": (b'a,"' + b"x" * 140_000, "a.csv", "broken_quotes"),
    "endless sector chain": (OLD[:76] + b"\0\0\0\0" * 109 + OLD[512:], "a.xls", "damaged"),
    "sector count": (OLD[:44] + b"\xff\xff\xff\xff" + OLD[48:], "a.xls", "damaged"),
    "no workbook inside": (OLD.replace("Workbook".encode("utf-16-le"), "Wurkbook".encode("utf-16-le")), "a.xls", "not_a_list"),
    "old word document": (
        OLD.replace("Workbook".encode("utf-16-le"), "Wurkbook".encode("utf-16-le")), "a.doc", "wrong_name"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files_get_one_sentence(case):
    data, name, code = HOSTILE[case]
    started = time.monotonic()
    assert refusal(data, name).code == code
    assert time.monotonic() - started < 5  # an idle machine answers within one second


def test_too_large_is_said_before_reading(monkeypatch):
    monkeypatch.setattr(sheets, "MAX_BYTES", 1024 * 1024)
    assert "1 MB" in str(refusal(b"x" * (1024 * 1024 + 1), "a.csv"))


def test_password_protection_is_named():
    encrypted = bytearray(OLD)
    at = OLD.index(b"\x09\x08\x10\x00\x00\x06\x05\x00")  # the first record; FILEPASS takes the place of the next
    encrypted[at + 20 : at + 22] = b"\x2f\x00"
    assert refusal(bytes(encrypted), "a.xls").code == "encrypted"


def test_a_workbook_encrypted_by_excel_is_named():
    """Excel wraps the encrypted package in an OLE file; the stream's name tells."""
    name = "EncryptedPackage".encode("utf-16-le") + b"\0\0"
    at = OLD.index("Workbook".encode("utf-16-le") + b"\0\0")
    data = OLD[:at] + name + OLD[at + len(name) : at + 64] + len(name).to_bytes(2, "little") + OLD[at + 66 :]
    assert refusal(data, "a.xlsx").code == "encrypted"


def test_a_crash_of_the_reader_is_only_a_refusal(monkeypatch, tmp_path):
    worker = tmp_path / "worker.py"
    worker.write_text("import os; os.abort()")
    monkeypatch.setattr(sheets.sheet_worker, "__file__", str(worker))
    assert refusal(GOOD, "a.xlsx").code == "too_heavy"
    worker.write_text("import time; time.sleep(60)")
    monkeypatch.setattr(sheets, "SECONDS", 0.3)
    assert refusal(GOOD, "a.xlsx").code == "too_heavy"


@pytest.mark.parametrize("data", [GOOD, OLD], ids=["xlsx", "xls"])
def test_damaged_bytes_never_raise_anything_else(data):
    """In this process, without its limits: the checks before the reader must hold by themselves."""
    chance = random.Random(7)
    refused = 0
    for _ in range(300):
        broken = bytearray(data)
        for _ in range(chance.randint(1, 8)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        try:
            sheets.sheet_worker.look_into_xls(bytes(broken)) if data is OLD else sheets.sheet_worker.look_into_xlsx(
                bytes(broken)
            )
        except sheets.sheet_worker.Refused:
            refused += 1
    assert refused > 10


@given(st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_any_bytes_as_csv_are_read_or_refused(data):
    sentence = ""
    try:
        rows = read_workbook(data, "a.csv").sheets[0].rows
    except UnreadableSheet as refused:
        rows, sentence = [], str(refused)
    assert bool(rows) != bool(sentence)


# Tables


def known(head):
    return {
        "企业全称": "name",
        "姓名": "person",
        "联系人姓名": "contact",
        "联系人电话": "phone",
        "序号": "no",
        "备注": "remark",
    }.get(head)


def table_of(rows, merged=None):
    return find_table(sheets.Sheet("S", rows, merged), known)


def test_heads_in_two_rows_are_flattened():
    rows = [
        ["台账", None, None, None, None],
        ["序号", "企业全称", "联系人", None, "备注"],
        [None, None, "姓名", "电话", None],
        ["1", "恒力", "赵敏", "1", "x"],
    ]
    for merged in (None, [Merged(1, 2, 1, 3), Merged(1, 0, 2, 0)]):
        table = table_of(rows, merged)
        assert [(head.text, head.key) for head in table.heads] == [
            ("序号", "no"), ("企业全称", "name"), ("联系人/姓名", "contact"), ("联系人/电话", "phone"), ("备注", "remark")
        ]  # fmt: skip
        assert [row.line for row in table.rows] == [4]


def test_three_heads_within_fifteen_rows():
    heads = ["序号", "企业全称 *", "备注\n(必填)"]
    assert table_of([[None]] * 14 + [heads, ["1", "a", "b"]]).first == 15
    assert table_of([[None]] * 15 + [heads, ["1", "a", "b"]]) is None
    assert table_of([["序号", "企业全称"], ["1", "a"]]) is None


def test_subtotals_are_passed_over_and_the_total_ends_the_table():
    rows = [
        ["序号", "企业全称", "备注"], ["1", "2", "3"], ["1", "恒力", None], ["机电学院小计：", "1", None], [None, "综合计算有限公司", None],
        ["序号", "企业全称", "备注"], ["合 计", "2", None], ["9", "落下", "的"], ["签字：", None, None],
    ]  # fmt: skip
    table = table_of(rows)
    assert [row.line for row in table.rows] == [3, 5]
    assert (table.stopped_at, table.left_over) == (7, 1)


@pytest.mark.parametrize("text", ["合计", "总计：", "填表说明：一、", "注：本表一式两份", "制表人：王", "审核人：", "单位负责人（签字）：", "学院（盖章）", "填报日期：2025"])  # fmt: skip
def test_closing_lines_end_the_table(text):
    table = table_of([["序号", "企业全称", "备注"], ["1", "恒力", None], [text, None, None], ["2", "b", "c"]])
    assert ([row.line for row in table.rows], table.stopped_at) == ([2], 3)


@pytest.mark.parametrize(
    "name", ["统计局下属信息中心", "注塑机有限公司", "备胎制造厂", "审核科技有限公司", "合计算力有限公司"]
)
def test_names_that_only_look_like_a_total_are_rows(name):
    assert [row.line for row in table_of([["企业全称", "序号", "备注"], [name, "1", None]]).rows] == [2]


def test_merged_cells_and_same_as_above_are_filled_down():
    rows = [
        ["序号", "企业全称", "备注"],
        ["1", "恒力", "a"],
        [None, None, "b"],
        ["2", "同上", "〃"],
        ["3", "云栈", None],
        ["4", "同上", "c"],
    ]
    table = table_of(rows, [Merged(1, 1, 2, 1), Merged(1, 0, 2, 0)])
    assert [row.cells for row in table.rows] == [
        ["1", "恒力", "a"], ["1", "恒力", "b"], ["2", "恒力", "b"], ["3", "云栈", None], ["4", "云栈", "c"]
    ]  # fmt: skip
    assert [row.filled.get(1) for row in table.rows] == [None, 1, 1, None, 4]


def test_same_as_above_without_anything_above_is_told():
    [row] = table_of([["序号", "企业全称", "备注"], ["1", "同上", "x"]]).rows
    assert (row.cells[1], row.same_unknown) == (None, {1})


def test_a_huge_merged_range_costs_nothing():
    rows = [["序号", "企业全称", "备注"], ["1", "恒力", "a"]]
    started = time.monotonic()
    table = table_of(rows, [Merged(1, 0, 1_048_575, 16_383)] * 1000)
    assert len(table.rows) == 1
    assert time.monotonic() - started < 1
