"""Writing spreadsheets: text stays text."""

import csv
import io
import time
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from records.sheets import read_workbook
from records.spreadsheets import FORMULA_SIGNS, write_csv, write_xlsx

DANGEROUS = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    "+86 571",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "{=1}",
    "http://x.example",
    "mailto:a@b.c",
]


def workbook(*sheets) -> bytes:
    stream = io.BytesIO()
    write_xlsx(stream, sheets)
    return stream.getvalue()


def parts(data: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return "".join(package.read(name).decode() for name in package.namelist() if name.endswith((".xml", ".rels")))


@given(st.lists(st.text(max_size=30), min_size=200, max_size=230))
@settings(max_examples=10, deadline=None)
def test_no_text_becomes_a_formula_or_link(texts):
    texts += [sign + text for text in texts[:40] for sign in FORMULA_SIGNS] + DANGEROUS
    data = workbook(("一", texts[:5], [[text] for text in texts]))
    xml = parts(data)
    assert "<f>" not in xml
    assert "<f " not in xml
    assert "hyperlink" not in xml
    cells = [
        row[0].value or "" for row in openpyxl.load_workbook(io.BytesIO(data)).active.iter_rows(min_row=2, max_col=1)
    ]
    plain = [(cell, text) for cell, text in zip(cells, texts, strict=False) if text.isprintable()]
    assert all(cell == text for cell, text in plain)


def test_values_keep_their_kind():
    noon = datetime(2024, 9, 1, 4, 0, tzinfo=UTC)
    row = [1, Decimal("2.5"), date(2024, 9, 1), noon, True, None, 330109199901012345, float("nan"), "007"]
    [read] = list(
        openpyxl.load_workbook(io.BytesIO(workbook(("一", "abcdefghi", [row])))).active.iter_rows(
            min_row=2, values_only=True
        )
    )
    assert read == (
        1, 2.5, datetime(2024, 9, 1), datetime(2024, 9, 1, 12, 0), True, None, "330109199901012345", "nan", "007"
    )  # fmt: skip


def test_sheet_titles_are_made_to_fit():
    data = workbook(
        ("机电/信息", ["a"], []),
        ("机电 信息", ["a"], []),
        ("很长" * 30, ["a"], []),
        ("History", ["a"], []),
        ("", ["a"], []),
    )
    names = openpyxl.load_workbook(io.BytesIO(data)).sheetnames
    assert names[:2] == ["机电 信息", "机电 信息 2"]
    assert len(set(names)) == 5
    assert max(map(len, names)) <= 31


def test_a_full_sheet_goes_on_in_the_next(monkeypatch):
    monkeypatch.setattr("records.spreadsheets.MAX_ROWS", 3)
    sheets = read_workbook(workbook(("一", ["头"], ([f"{n}"] for n in range(5)))), "a.xlsx").sheets
    assert [(sheet.name, [row[0] for row in sheet.rows]) for sheet in sheets] == [
        ("一", ["头", "0", "1"]), ("一 2", ["头", "2", "3"]), ("一 3", ["头", "4"])
    ]  # fmt: skip


def test_long_texts_and_characters_no_file_can_hold():
    [sheet] = read_workbook(workbook(("一", ["头"], [["字" * 40_000], ["a\ud800b\ufffe"], ["𠮷·"]])), "a.xlsx").sheets
    assert (len(sheet.rows[1][0]), sheet.rows[1][0][-1]) == (32_767, "…")
    assert [row[0] for row in sheet.rows[2:]] == ["a\ufffdb\ufffd", "𠮷·"]


@pytest.mark.parametrize("text", DANGEROUS[:7] + ["＝1"])
def test_csv_puts_an_apostrophe_before_formula_text(text):
    stream = io.BytesIO()
    write_csv(stream, ["头", text], [[text, -5], ["𠮷", None], [date(2024, 9, 1), Decimal("-2.5")]])
    rows = list(csv.reader(io.StringIO(stream.getvalue().decode("utf-8-sig"), newline="")))
    assert rows == [["头", f"'{text}"], [f"'{text}", "-5"], ["𠮷", ""], ["2024-09-01", "-2.5"]]
    assert stream.getvalue().startswith(b"\xef\xbb\xbf")
    if text[0] in "=+-@":
        assert read_workbook(stream.getvalue(), "a.csv").sheets[0].rows[1][0] == text


def test_writing_costs_hardly_more_than_the_bare_writer():
    rows = [[f"恒力{row % 50}" if column % 4 else row for column in range(20)] for row in range(3000)]

    def ours():
        workbook(("一", ["h"] * 20, rows))

    def bare():
        with xlsxwriter.Workbook(io.BytesIO(), {"constant_memory": True}) as book:
            sheet = book.add_worksheet()
            for at, row in enumerate(rows):
                for column, value in enumerate(row):
                    sheet.write(at, column, value)

    def cost(what):
        started = time.process_time()
        what()
        return time.process_time() - started

    pairs = [(cost(ours), cost(bare)) for _ in range(3)]
    assert min(a for a, _ in pairs) <= 1.5 * min(b for _, b in pairs)
