"""Lists of visits → rows: every dirty example of the field with the verdict of its cell."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partnerships.imports import columns, visit_columns
from partnerships.imports.cells import Count
from partnerships.imports.kinds import kind_of
from partnerships.imports.problems import NOTES, PROBLEMS
from partnerships.imports.returns import reason_for
from partnerships.imports.visit_cells import (
    Party,
    read_firms,
    read_follow_up,
    read_kind,
    read_party,
    read_when,
    year_of,
)
from partnerships.imports.visit_columns import COLUMNS, LABELS, LIMITS, known
from partnerships.imports.visit_rows import VisitRow, read_visit_rows
from records.sheets import CellError, Sheet, Workbook
from records.tables import squeezed
from tests.partnerships import lists, visit_lists
from tests.partnerships.visit_lists import HEADS, TITLE, layout, visit

GOOD = {"when": "2026.3.12", "firms": "恒力轴承有限公司", "summary": "看望实习生"}


def book_of(*rows, title=TITLE, name="走访"):
    return Workbook("xlsx", [Sheet(name, layout(list(rows), title), [])])


def row_of(title=TITLE, **values) -> VisitRow:
    [row] = read_visit_rows(book_of(visit(**GOOD | values), title=title)).rows
    return row


def codes(found):
    return [problem.code for problem in found]


# --- the dirty examples ------------------------------------------------------------------------------------------

#: (cell, first day, last day, precision, words that are kept, problem)
DAYS = [
    ("2026.3.12", "2026-03-12", "2026-03-12", "day", "", None),
    ("2026.3.12上午", "2026-03-12", "2026-03-12", "day", "2026.3.12上午", None),
    ("3.12-3.14", "2026-03-12", "2026-03-14", "day", "3.12-3.14", None),
    ("2026.3.12-3.14", "2026-03-12", "2026-03-14", "day", "2026.3.12-3.14", None),
    ("2026.3.12-14", "2026-03-12", "2026-03-14", "day", "2026.3.12-14", None),
    ("2026年3月12日至14日", "2026-03-12", "2026-03-14", "day", "2026年3月12日至14日", None),
    ("2026年3月12日（周四）下午", "2026-03-12", "2026-03-12", "day", "2026年3月12日（周四）下午", None),
    ("３月１２日下午", "2026-03-12", "2026-03-12", "day", "3月12日下午", None),
    ("2026年3月", "2026-03-01", "2026-03-31", "month", "", None),
    ("3月", "2026-03-01", "2026-03-31", "month", "3月", None),
    (46093, "2026-03-12", "2026-03-12", "day", "", None),
    (3.12, "2026-03-12", "2026-03-12", "day", "3.12", None),
    (3.1, None, None, None, None, "day_lost_zero"),
    ("2026.2.30", None, None, None, None, "impossible_date"),
    ("3.12-3.40", None, None, None, None, "impossible_date"),
    ("3.14-3.12", None, None, None, None, "day_before_start"),
    ("2026.3.12、3.14", None, None, None, None, "unreadable_day"),
    ("上半年", None, None, None, None, "unreadable_day"),
    ("2026", None, None, None, None, "unreadable_day"),
    (None, None, None, None, None, "no_day"),
    ("/", None, None, None, None, "no_day"),
    (CellError("#REF!"), None, None, None, None, "error_value"),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "first", "last", "precision", "said", "problem"), DAYS)
def test_a_day_keeps_what_is_known_of_it(cell, first, last, precision, said, problem):
    row = row_of(when=cell)
    if problem:
        assert (codes(row.problems), row.when) == ([problem], None)
        return
    assert not row.problems
    assert (row.when.first.isoformat(), row.when.last.isoformat()) == (first, last)
    assert (row.when.precision, row.when.said) == (precision, said)


@pytest.mark.parametrize(
    ("title", "verdict"),
    [("2026年走访台账", (date(2026, 3, 12), ["year_from_title"])),
     ("2025-2026学年走访台账", (date(2026, 3, 12), ["year_from_title"])),
     ("走访台账", (None, ["no_year"])), ("2025年、2026年走访台账", (None, ["no_year"])),
     ("2024-2026年走访台账", (None, ["no_year"]))],
)  # fmt: skip
def test_a_year_is_taken_from_the_title_or_asked_for(title, verdict):
    row = row_of(title=title, when="3.12上午")
    assert (row.when and row.when.first, codes([*row.problems, *row.notes])) == verdict


def test_autumn_of_a_school_year_is_in_its_first_year():
    assert read_when("11.5", (2025, 2026))[0].first == date(2025, 11, 5)
    assert year_of(["2025—2026学年"]) == (2025, 2026)


#: (cell, number, words that are kept beside it, note)
COUNTS = [
    ("20+", Count(20, True), "20+", "rough_number"),
    ("若干", None, "若干", "no_number"),
    ("约15人", Count(15, True), "约15人", "rough_number"),
    ("10-20", Count(10, True), "10-20", "rough_number"),
    (12, Count(12), "12", None),
    ("12人", Count(12), "12人", None),
    ("见公众号", None, "见公众号", "no_number"),
    ("无", None, "", None),
    (None, None, "", None),
]


@pytest.mark.parametrize(("cell", "count", "text", "note"), COUNTS)
@pytest.mark.parametrize("column", ["jobs", "internships"])
def test_no_number_is_ever_made_up(column, cell, count, text, note):
    row = row_of(**{column: cell})
    assert not row.problems
    assert (getattr(row, column), row.text(column)) == (count, text)
    assert codes(row.notes) == ([note] if note else [])


@pytest.mark.parametrize(
    ("text", "party"),
    [("张校长一行5人", Party("张校长", 5)), ("张校长", Party("张校长")), ("张校长等五人", Party("张校长", 5)),
     ("张校长带队", Party("张校长")), ("张校长一行", Party("张校长")), ("张校长一行10余人", Party("张校长")),
     ("5人", Party("", 5)), ("张校长、李处长", Party("张校长、李处长")), ("", Party())],
)  # fmt: skip
def test_who_led_and_how_many_came(text, party):
    assert read_party(text) == party
    row = row_of(leader=text)
    assert (row.leader, row.head_count, row.text("leader")) == (party.leader, party.count, text)


def test_the_leader_may_stand_among_those_who_came():
    row = row_of(party="张校长一行5人")
    assert (row.leader, row.head_count, row.text("party")) == ("张校长", 5, "张校长一行5人")


@pytest.mark.parametrize(
    ("text", "firms", "said"),
    [("甲公司、乙公司、丙公司、丁公司", ("甲公司", "乙公司", "丙公司", "丁公司"), None),
     ("甲（杭州、宁波）公司，乙公司\n丙公司", ("甲（杭州、宁波）公司", "乙公司", "丙公司"), None),
     ("甲公司、乙公司等4家企业", ("甲公司", "乙公司"), 4), ("甲公司、乙公司等两家", ("甲公司", "乙公司"), 2)],
)  # fmt: skip
def test_firms_of_one_cell(text, firms, said):
    assert read_firms(text) == (firms, said)


def test_firms_that_are_counted_but_not_named_stop_the_row():
    assert codes(row_of(firms="甲公司、乙公司等4家企业").problems) == ["firms_unnamed"]
    assert not row_of(firms="甲公司、乙公司等2家企业").problems


@pytest.mark.parametrize(
    ("text", "person", "day"),
    [("王老师 4月底前", "王老师", date(2026, 4, 30)), ("王老师4月底前", "王老师", date(2026, 4, 30)),
     ("周老师，2026年4月15日前", "周老师", date(2026, 4, 15)), ("王老师 1月底", "王老师", date(2027, 1, 31)),
     ("王老师", "王老师", None), ("王老师、李老师 4月底前", "", None), ("王老师 4月前", "", None),
     ("王老师 尽快", "", None), ("4月底前", "", None), ("王老师 本周内", "", None), ("王老师 4.31", "", None)],
)  # fmt: skip
def test_follow_up_is_a_person_and_a_day_only_where_both_are_clear(text, person, day):
    assert read_follow_up(text, date(2026, 3, 12)) == (person, day)
    row = row_of(follow_up=text)
    assert row.text("follow_up") == text
    assert codes(row.notes) == ([] if person else ["follow_up_unclear"])


@pytest.mark.parametrize(
    ("text", "kind"),
    [("实地走访", "visit"), ("电话走访", "call"), ("线上走访", "meeting"), ("来校洽谈", "received"), ("微信", "wechat"),
     ("座谈", "meeting"), ("顺路", None)],
)  # fmt: skip
def test_how(text, kind):
    assert read_kind(text) == kind
    row = row_of(kind=text)
    assert (row.kind, codes(row.notes)) == (kind or "visit", [] if kind else ["kind_unknown"])


#: (column, cell, problem or None): what stops a row, and what does not.
OTHERS = [
    ("firms", None, "no_firm"),
    ("firms", "无", "no_firm"),
    ("firms", "同上", "same_as_nothing"),
    ("summary", None, "no_content"),
    ("summary", "长" * 2001, "too_long"),
    ("evidence", "见公众号", None),
    ("evidence", "https://mp.example.cn/s/1", None),
    ("outcome", CellError("#N/A"), "error_value"),
    ("leader", "长" * 61, "too_long"),
]


@pytest.mark.parametrize(("column", "cell", "problem"), OTHERS)
def test_what_stops_a_row(column, cell, problem):
    row = row_of(**{column: cell})
    assert problem in codes(row.problems) if problem else not row.problems
    for found in row.problems:
        assert found.head == HEADS[visit_lists.KEYS.index(column)]
        assert found.cell.startswith("走访!")
        assert str(found.sentence) in reason_for(row)


def test_several_firms_say_that_their_row_stays_with_the_school():
    assert codes(row_of(firms="甲公司、乙公司", agreed="共建").notes) == ["shared_row"]
    assert not row_of(firms="甲公司、乙公司").notes


# --- the sheet ---------------------------------------------------------------------------------------------------


def test_merged_days_and_same_as_above_are_filled_down():
    rows = [visit(sequence="1", **GOOD), visit(sequence="2", **GOOD | {"when": "同上", "firms": "乙公司"})]
    first, second = read_visit_rows(book_of(*rows)).rows
    assert second.when == first.when
    assert second.firms == ["乙公司"]


def test_a_sheet_without_its_two_columns_is_not_read():
    sheet = Sheet("走访", [["方式", "带队领导", "走访内容"], ["走访", "张校长", "x"]], [])
    listed = read_visit_rows(Workbook("xlsx", [sheet]))
    assert not listed.rows
    assert codes(listed.sheets[0].notes) == ["no_visit_columns"]


def test_the_heads_say_which_list_it_is():
    assert kind_of(book_of(visit(**GOOD))) == "visits"
    partners = Sheet("台账", [list(lists.HEADS), lists.line(name="甲公司")], [])
    assert kind_of(Workbook("xlsx", [partners])) == "partners"
    assert kind_of(Workbook("xlsx", [Sheet("x", [["a", "b"]], [])])) == "partners"


def test_every_head_is_known_once():
    seen = {}
    for key, heads in COLUMNS.items():
        for head in heads:
            assert known(squeezed(head)) == key
            assert seen.setdefault(squeezed(head).lower(), key) == key
    assert set(LABELS) == set(LIMITS) == set(COLUMNS) - {"sequence", "reason"}
    assert not set(LABELS) & {"ownership", "industry", "contacts", "listed"}, "the preview tells columns by their name"
    assert columns.known("统一社会信用代码") == "uscc"
    assert visit_columns.known("走访时间(年月日)") == "when"


def test_a_row_survives_being_kept():
    row = row_of(
        when="3.12-3.14", jobs="20+", follow_up="王老师 4月底前", leader="张校长一行5人", firms="甲公司、乙公司"
    )
    assert VisitRow.from_json(json.loads(json.dumps(row.as_json()))) == row
    assert row.as_json()["name"] == "甲公司、乙公司"


def test_the_key_is_that_of_day_and_content():
    key = row_of().key
    assert row_of(sequence="7", jobs="3", firms="乙公司", outcome="已落实", summary="看望 实习生").key == key
    assert row_of(when="2026.3.13").key != key
    assert row_of(summary="签约").key != key


def test_every_sentence_takes_its_parameters():
    for row in (row_of(when=cell) for cell, *_rest in DAYS):
        for problem in [*row.problems, *row.notes]:
            assert problem.code in PROBLEMS or problem.code in NOTES
            assert "%(" not in str(problem.sentence)


@given(st.one_of(st.text(max_size=30), st.integers(), st.floats(), st.booleans()))
def test_no_cell_breaks_a_reader(cell):
    when, _findings = read_when(cell, 2026)
    assert when is None or when.first <= when.last
    read_party(str(cell))
    read_firms(str(cell))
    read_follow_up(str(cell), date(2026, 3, 12))
