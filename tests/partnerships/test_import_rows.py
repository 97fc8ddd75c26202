"""Lists as offices keep them → rows: every dirty example with its verdict, layouts, properties, the return file."""

import io
import json
import re
import time
from decimal import Decimal

import pytest
import xlsxwriter
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from partnerships.imports.cells import Count, Money, Term
from partnerships.imports.columns import COLUMNS, LIMITS, known
from partnerships.imports.problems import NOTES, PROBLEMS, SHEET_NOTES
from partnerships.imports.returns import reason_for, write_return_file
from partnerships.imports.rows import PartnerRow, read_partner_list, read_partner_rows
from records.sheets import CellError, Merged, Sheet, Workbook, read_workbook
from records.tables import squeezed
from tests.partnerships import lists
from tests.partnerships.lists import HEADS, code_for, line
from tests.partnerships.test_import_cells import day


def rows_of(*lines, heads=HEADS, **sheet):
    book = Workbook(
        "xlsx", [Sheet(sheet.pop("name", "台账"), [list(heads), *map(list, lines)], sheet.pop("merged", []), **sheet)]
    )
    return read_partner_rows(book).rows


def row_of(**values) -> PartnerRow:
    [row] = rows_of(line(**{"school": "李老师", "name": "恒力轴承有限公司", **values}))
    return row


def codes(found):
    return [(problem.code, problem.head) for problem in found]


GOOD_CODE = code_for(7)

#: (column of the list, cell, attribute, value read, code of the note or problem, faulty)
DIRTY = [
    ("name", "恒力轴承（杭州）有限公司\u00a0", "name", "恒力轴承（杭州）有限公司", None, False),
    ("name", "恒力轴承有限公司\n(原恒力机械厂)", "former_names", ["恒力机械厂"], None, False),
    ("name", "(原恒力机械厂)", "name", "", "only_former_name", True),
    ("name", "同上", "name", "", "same_as_nothing", True),
    ("name", None, "name", "", "no_name", True),
    ("name", " ／ ", "name", "", "no_name", True),
    ("name", 12345, "name", "", "not_a_name", True),
    ("name", True, "name", "", "not_a_name", True),
    ("name", "长" * 300, "name", "", "name_too_long", True),
    ("name", "长" * 100, "name", "长" * 100, None, False),
    ("name", "𠮷田·机械有限公司", "name", "𠮷田·机械有限公司", None, False),
    ("name", '=HYPERLINK("http://x","y")', "name", '=HYPERLINK("http://x","y")', None, False),
    ("name", CellError("#REF!"), "name", "", "error_value", True),
    ("uscc", GOOD_CODE, "uscc", GOOD_CODE, None, False),
    ("uscc", GOOD_CODE.translate({ord(c): ord(c) + 0xFEE0 for c in GOOD_CODE}), "uscc", GOOD_CODE, None, False),
    ("uscc", GOOD_CODE.lower(), "uscc", GOOD_CODE, None, False),
    ("uscc", GOOD_CODE.replace("0", "O"), "uscc", GOOD_CODE, None, False),
    ("uscc", f" {GOOD_CODE[:9]} {GOOD_CODE[9:]}\u00a0", "uscc", GOOD_CODE, None, False),
    ("uscc", "办理中", "uscc_pending", True, None, False),
    ("uscc", "无", "uscc", "", None, False),
    ("uscc", None, "uscc_pending", False, None, False),
    ("uscc", "330100000012345", "uscc", "", "uscc_old", True),
    ("uscc", 330100000012345.0, "uscc", "", "uscc_old", True),
    ("uscc", GOOD_CODE[:-1] + ("0" if GOOD_CODE[-1] != "0" else "1"), "uscc", "", "uscc_checksum", True),
    ("uscc", GOOD_CODE[:-2], "uscc", "", "uscc_length", True),
    ("uscc", 3.30109e17, "uscc", "", "lost_digits", True),
    ("uscc", 330109199901012345, "uscc", "", "lost_digits", True),
    ("uscc", "3.30109E+17", "uscc", "", "lost_digits", True),
    ("phone", "1.38E+10", "contacts", [], "lost_digits", True),
    ("phone", 1.38000000011390e21, "contacts", [], "lost_digits", True),
    ("number", 2.02409010000012e17, "agreement_number", "", "lost_digits", True),
    ("number", 20240901.0, "agreement_number", "20240901", None, False),
    ("signed", "2024.9.1", "signed", day("2024-09-01"), None, False),
    ("signed", "24.9", "signed", day("2024-09-01", "month"), None, False),
    ("signed", "2024年9月", "signed", day("2024-09-01", "month"), None, False),
    ("signed", 45536, "signed", day("2024-09-01"), None, False),
    ("signed", "2026.2.30", "signed", None, "impossible_date", True),
    ("signed", "2024.9-2027.8", "signed", day("2024-09-01", "month"), "range_as_date", False),
    ("signed", "2024.9.1-2026.2.30", "signed", None, "impossible_date", True),
    ("signed", "忘了", "signed", None, "unreadable_date", False),
    ("signed", CellError("#VALUE!"), "signed", None, "error_value", True),
    ("term", "三年", "term", Term(months=36), None, False),
    ("term", "长期", "term", Term(open_ended=True), None, False),
    ("term", "2024.9-2027.8", "term", Term(day("2024-09-01", "month"), day("2027-08-01", "month")), None, False),
    ("term", "2027.9-2024.8", "term", None, "ends_before_start", False),
    ("term", "2024.9-2026.2.30", "term", None, "impossible_date", True),
    ("interns", "30余人", "interns_taken", Count(30, True), None, False),
    ("interns", "若干", "interns_taken", None, "unreadable_count", False),
    ("hired", True, "graduates_hired", None, "unreadable_count", False),
    ("hired", 3.0, "graduates_hired", Count(3), None, False),
    ("donation", "约5万(设备)", "donation", Money(Decimal(5), True, "设备"), None, False),
    ("donation", "设备一批", "donation", None, "unreadable_amount", False),
    ("donation", 120000, "donation", Money(Decimal(120000)), "check_unit", False),
    ("donation", CellError("#REF!"), "donation", None, "error_value", True),
    ("visit", "2025年6月", "last_visit", day("2025-06-01", "month"), None, False),
    ("visit", "2026.2.30", "last_visit", None, "impossible_date", True),
    ("visit", "3.12", "last_visit", None, "unreadable_date", False),
    ("size", "500人以上", "headcount", Count(500, True), None, False),
    ("size", "大型", "headcount", None, None, False),
    ("size", "大型", "size_text", "大型", None, False),
    ("modes", "订单班、实习/共建", "cooperation_modes", ["订单班", "实习", "共建"], None, False),
    ("specialties", "机电（数控、模具），软件", "specialties", ["机电（数控、模具）", "软件"], None, False),
    ("address", "址" * 201, "address", "", "too_long", True),
    ("remark", "注" * 2000, "remark", "注" * 2000, None, False),
    ("remark", CellError("#N/A"), "remark", "", "error_value", True),
    ("lead", "同上", "lead_department", "", "same_unknown", False),
    ("legal", "-", "legal_representative", "", None, False),
]  # fmt: skip


@pytest.mark.parametrize(("column", "cell", "attribute", "value", "code", "faulty"), DIRTY)
def test_every_dirty_cell_has_its_verdict(column, cell, attribute, value, code, faulty):
    row = row_of(**{column: cell})
    assert getattr(row, attribute) == value
    found = row.problems if faulty else row.notes
    other = row.notes if faulty else row.problems
    head = dict(zip(lists.KEYS, HEADS, strict=True))[column]
    assert codes(found) == ([(code, head)] if code else [])
    assert other == []
    assert row.is_faulty is faulty


def test_a_finding_names_its_cell_and_what_to_do():
    [problem] = row_of(visit="2026.2.30").problems
    assert (problem.head, problem.cell, problem.code) == ("最近走访时间", "台账!V2", "impossible_date")
    assert "2026.2.30" in problem.sentence
    [problem] = row_of(name="长" * 300).problems
    assert "300" in problem.sentence
    assert "100" in problem.sentence


def test_every_sentence_takes_its_parameters():
    for sentences in (PROBLEMS, NOTES, SHEET_NOTES):
        for code, sentence in sentences.items():
            text = sentence % dict.fromkeys(re.findall(r"%\((\w+)\)s", str(sentence)), "x")
            assert len(text) > 8, code  # Chinese says it in fewer characters
            assert "%" not in text


def people(row):
    return [(person.name, person.position, person.phones, person.same_wechat) for person in row.contacts]


CONTACTS = [
    ({"contact": "赵敏（人事）13800000001/钱波0571-88886666转802 微信同号"},
     [("赵敏", "人事", ["13800000001"], False), ("钱波", "", ["0571-88886666转802"], True)], []),
    ({"phone": "赵敏（人事）13800000001/钱波0571-88886666转802 微信同号"},
     [("赵敏", "人事", ["13800000001"], False), ("钱波", "", ["0571-88886666转802"], True)], []),
    ({"contact": "赵敏（人事）", "phone": 13800000001.0}, [("赵敏", "人事", ["13800000001"], False)], []),
    ({"contact": "赵敏", "phone": "１３８０００００００１ 微信同号"}, [("赵敏", "", ["13800000001"], True)], []),
    ({"contact": "赵敏", "phone": "13800000001/0571-88886666"}, [("赵敏", "", ["13800000001", "0571-88886666"], False)], []),
    ({"contact": "赵敏、钱波", "phone": "13800000001、13900000002"},
     [("赵敏", "", ["13800000001"], False), ("钱波", "", ["13900000002"], False)], []),
    ({"contact": "赵敏、钱波", "phone": "13800000001"},
     [("赵敏", "", ["13800000001"], False), ("钱波", "", [], False)], ["phones_unassigned"]),
    ({"phone": "13800000001"}, [("", "", ["13800000001"], False)], ["no_contact_name"]),
    ({"contact": "赵敏", "phone": "见附件"}, [("赵敏", "", [], False)], ["unreadable_contact"]),
    ({"contact": "赵敏", "phone": "无"}, [("赵敏", "", [], False)], []),
    ({}, [], []),
]  # fmt: skip


@pytest.mark.parametrize(("values", "expected", "notes"), CONTACTS)
def test_people_in_one_cell_or_two(values, expected, notes):
    row = row_of(**values)
    assert (people(row), [note.code for note in row.notes], row.problems) == (expected, notes, [])


def test_people_are_not_shared_between_rows():
    first, second = rows_of(line(name="甲厂", contact="赵敏13800000001"), line(name="乙厂", contact="赵敏13800000001"))
    first.contacts[0].phones.append("x")
    assert second.contacts[0].phones == ["13800000001"]


def test_position_and_number_in_columns_of_their_own():
    heads = ["序号", "企业名称", "联系人", "职务", "手机"]
    [row] = rows_of(["1", "恒力", "赵敏", "人事经理", "13800000001"], heads=heads)
    assert people(row) == [("赵敏", "人事经理", ["13800000001"], False)]


# The whole list


def test_a_line_that_holds_only_its_number_is_no_row():
    """Forms come with their numbers filled in."""
    assert [
        row.line
        for row in rows_of(line(sequence="1", name="甲厂"), line(sequence=2.0), line(sequence="3", lead="机电"))
    ] == [2, 4]


@pytest.fixture(scope="module")
def messy():
    rows = lists.layout(lists.messy_rows())
    return {
        "xlsx": read_partner_list(lists.as_xlsx(rows), "台账.xlsx"),
        "xls": read_partner_list(lists.as_xls(rows), "台账.xls"),
        "csv": read_partner_list(lists.as_csv(rows), "台账.csv"),
    }


def test_three_formats_give_the_same_rows(messy):
    for kind in ("xls", "csv"):
        assert len(messy[kind].rows) == len(lists.LINES)
        for ours, other in zip(messy["xlsx"].rows, messy[kind].rows, strict=True):
            notes = [note for note in other.notes if note.code != "continued"]  # CSV knows no merged cells
            assert {**ours.as_json(), "notes": []} == {**other.as_json(), "notes": []}
            assert [note.as_json() for note in notes] == [note.as_json() for note in ours.notes]
    assert [n.params["line"] for row in messy["csv"].rows for n in row.notes if n.code == "continued"] == [7, 7]


def test_the_messy_list_is_read(messy):
    rows = messy["xlsx"].rows
    assert [row.line for row in rows] == lists.LINES
    assert not any(row.is_faulty for row in rows)
    assert [row.first_line for row in rows] == [4, 5, 7, 7, 7, 7]
    assert [row.name for row in rows[2:]] == ["云栈科技有限公司"] * 4
    assert [row.agreement_title for row in rows[2:]] == ["框架协议", "订单班协议", "共建协议", "补充协议"]
    assert {row.uscc for row in rows[2:5]} == {code_for(3)}
    assert [row.lead_department for row in rows[:2]] == ["机电学院", "机电学院"]
    assert (rows[1].former_names, rows[1].uscc_pending) == (["恒力机械厂"], True)
    assert rows[0].raw["企业全称"] == "恒力轴承（杭州）有限公司\u00a0"
    assert rows[0].raw["捐赠/准捐赠(万元)"] == "约5万(设备)"
    assert list(rows[0].raw) == list(HEADS)


def test_the_report_says_where_reading_stopped(messy):
    for read in messy.values():
        [report] = read.sheets
        assert (report.name, report.head_line, report.rows, report.was_read) == ("台账", 3, 6, True)
        assert [(note.code, note.params) for note in report.notes] == [
            ("stopped", {"line": 12}), ("left_over", {"count": 1, "line": 12})
        ]  # fmt: skip


def test_one_sheet_per_faculty():
    stream = io.BytesIO()
    heads = [head for head in HEADS if head != "牵头二级学院"]
    with xlsxwriter.Workbook(stream) as book:
        for name, firm in (("机电学院", "恒力"), ("2025年", "云栈"), ("商学院", "四海")):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, heads)
            sheet.write_row(1, 0, ["1", firm])
            if name == "商学院":
                sheet.hide()
        notes = book.add_worksheet("说明")
        notes.write(0, 0, "请各学院按时填报")
        book.add_worksheet("空白")
    read = read_partner_list(stream.getvalue(), "a.xlsx")
    assert [(row.sheet, row.name, row.lead_department) for row in read.rows] == [
        ("机电学院", "恒力", "机电学院"), ("2025年", "云栈", ""), ("商学院", "四海", "商学院")
    ]  # fmt: skip
    assert [(report.name, [note.code for note in report.notes]) for report in read.sheets] == [
        ("机电学院", ["lead_from_sheet"]), ("2025年", []), ("商学院", ["hidden_sheet", "lead_from_sheet"]),
        ("说明", ["no_heads"]),
    ]  # fmt: skip


def test_heads_in_two_rows_and_units_in_the_head():
    upper = ["序号", "企业全称", "联系人", None, "校内对接人", None, "捐赠(元)", "微信群"]
    lower = [None, None, "姓名", "电话", "姓名", "电话", None, None]
    book = Workbook(
        "csv",
        [
            Sheet(
                "一",
                [upper, lower, [1.0, "恒力", "赵敏", 13800000001.0, "李老师", "888", 50000.0, "有"]],
                [Merged(0, 2, 0, 3)],
            )
        ],
    )
    read = read_partner_rows(book)
    [row] = read.rows
    assert people(row) == [("赵敏", "", ["13800000001"], False)]
    assert (row.school_contact, row.donation) == ("李老师", Money(Decimal(5)))
    assert row.raw == {
        "序号": "1", "企业全称": "恒力", "联系人/姓名": "赵敏", "联系人/电话": "13800000001", "校内对接人/姓名": "李老师",
        "校内对接人/电话": "888", "捐赠(元)": "50000", "微信群": "有",
    }  # fmt: skip
    assert [(note.code, note.params) for note in read.sheets[0].notes] == [("unknown_columns", {"heads": "微信群"})]


def test_a_former_name_on_a_line_of_its_own_belongs_to_the_line_above():
    rows = rows_of(line(name="恒力轴承"), line(name="(原恒力机械厂)"), line(name="(原老厂)", interns="3"))
    assert [(row.name, row.former_names) for row in rows] == [("恒力轴承", ["恒力机械厂"]), ("", ["老厂"])]
    assert codes(rows[0].notes) == [("former_name_below", "企业全称")]
    assert codes(rows[1].problems) == [("only_former_name", "企业全称")]


def test_hidden_rows_are_read_and_said():
    book = Workbook(
        "xlsx", [Sheet("一", [list(HEADS), line(name="甲厂"), line(name="乙厂")], [], hidden_rows=frozenset({2}))]
    )
    read = read_partner_rows(book)
    assert [[note.code for note in row.notes] for row in read.rows] == [[], ["hidden_row"]]
    assert read.sheets[0].notes[0].params == {"lines": "3"}


def test_sheets_without_a_name_column_or_rows_are_reported():
    book = Workbook(
        "xlsx", [Sheet("一", [["序号", "地址", "电话"], ["1", "a", "b"]], []), Sheet("二", [list(HEADS)], [])]
    )
    read = read_partner_rows(book)
    assert read.rows == []
    assert [note.code for report in read.sheets for note in report.notes] == ["no_name_column", "no_rows"]


def test_each_row_goes_to_json_and_back(messy):
    faulty = rows_of(
        line(name="长" * 300, signed="2026.2.30", term="2024.9-2027.8", donation="约5万(设备)", uscc=3.3e17)
    )
    for row in [*messy["xlsx"].rows, *faulty]:
        assert PartnerRow.from_json(json.loads(json.dumps(row.as_json()))) == row


def test_heads_and_their_synonyms_are_each_known_once():
    for key, heads in COLUMNS.items():
        for head in heads:
            assert known(squeezed(head)) == key
            assert known(squeezed(f"*{head[:1]} {head[1:]}\n（必填）")) == key
    assert known("甲方") is None
    assert set(LIMITS) <= set(COLUMNS)


# The return file


def test_the_return_file_holds_the_faulty_rows_as_they_stood_and_can_be_read_again():
    heads = [head for head in HEADS if head != "备注"] + ["微信群"]
    book = Workbook("xlsx", [
        Sheet("机电", [heads, [1.0, "机电", "恒力\u00a0", 3.30109e17, *[None] * 10, "2026.2.30", *[None] * 7, "=1+1"]], []),
        Sheet("信息", [heads, [1.0, "信息", "云栈", "91"]], []),
        Sheet("商学", [heads, [1.0, "商学", "四海"]], []),
    ])  # fmt: skip
    read = read_partner_rows(book)
    assert [row.is_faulty for row in read.rows] == [True, True, False]
    stream = io.BytesIO()
    with translation.override("en"):
        write_return_file(stream, read.faulty)
    first, second = read_workbook(stream.getvalue(), "a.xlsx").sheets
    assert (first.name, second.name) == ("机电", "信息")
    assert first.rows[0] == [*heads, "Reason"]
    assert first.rows[1][:4] == ["1", "机电", "恒力\u00a0", "3.30109e+17"]
    assert first.rows[1][14] == "2026.2.30"
    assert first.rows[1][-2] == "=1+1"
    assert "机电!D2" in first.rows[1][-1]
    assert "机电!O2" in first.rows[1][-1]
    again = read_partner_list(stream.getvalue(), "a.xlsx")
    assert [[problem.code for problem in row.problems] for row in again.faulty] == [
        ["lost_digits", "impossible_date"], ["uscc_length"]
    ]  # fmt: skip
    assert all("Reason" not in row.raw for row in again.rows)
    assert reason_for(again.rows[1]).startswith("信息!D2 统一社会信用代码: ")


# Properties

CELL = st.one_of(
    st.none(),
    st.text(max_size=40),
    st.text("0123456789.-/年月日至余万元人（）()+、 原微信同号上赵敏合小计#E\u3000\U00020bb7", max_size=20),
    st.floats(),
    st.integers(),
    st.booleans(),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.timedeltas(),
    st.builds(CellError, st.sampled_from(["#REF!", "#N/A"])),
)


@given(st.lists(st.lists(CELL, min_size=len(HEADS), max_size=len(HEADS)), max_size=4), st.sampled_from(["xlsx", "csv"]))
@settings(max_examples=300, deadline=None)
def test_any_cells_give_rows_and_never_raise(lines, kind):
    sheet = Sheet("一", [list(HEADS), *lines], [Merged(1, 2, 3, 2)] if kind == "xlsx" else None)
    for row in read_partner_rows(Workbook(kind, [sheet])).rows:
        assert row.name or row.problems
        assert len(row.name) <= 100
        assert PartnerRow.from_json(json.loads(json.dumps(row.as_json()))) == row
        assert all(problem.sentence for problem in [*row.problems, *row.notes])


@given(st.lists(st.lists(CELL, max_size=6), max_size=20))
@settings(max_examples=200, deadline=None)
def test_any_sheet_is_read_or_reported(rows):
    read = read_partner_rows(Workbook("xlsx", [Sheet("一", rows, [])]))
    assert all(report.was_read or report.notes for report in read.sheets)


def test_ten_thousand_rows_are_read_in_time():
    rows = [
        line(sequence=number, lead="机电学院", name=f"杭州恒力{number}有限公司", uscc=code_for(number), size=f"{number}人",
             address=f"萧山区{number}号", contact=f"赵敏{number % 7}（人事）", phone=f"138{number:08d}", signed="2024.9.1",
             term="2024.9-2027.8", interns="30余人", donation="约5万(设备)", visit=f"2025.{number % 12 + 1}.3")
        for number in range(2000)
    ]  # fmt: skip
    data = lists.as_xlsx([list(HEADS), *rows], merged=False, picture=False)
    started = time.process_time()
    read = read_partner_list(data, "a.xlsx")
    assert (len(read.rows), len(read.faulty)) == (2000, 0)
    assert time.process_time() - started < 3  # generous: alone on a machine it takes half a second
