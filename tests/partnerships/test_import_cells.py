"""Cells of partner lists: value, precision and finding of everything that stands in them."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partnerships.imports import cells
from partnerships.imports.cells import Count, Day, Money, Term
from partnerships.imports.problems import NOTES, PROBLEMS
from records.sheets import CellError


def day(text, precision="day"):
    return Day(date.fromisoformat(text), precision)


SEPTEMBER = day("2024-09-01", "month")
FIRST = day("2024-09-01")
DAYS = [
    ("2024.9.1", FIRST),
    ("2024-09-01", FIRST),
    ("2024/9/1", FIRST),
    ("2024年9月1日", FIRST),
    ("2024年9月1号", FIRST),
    ("２０２４．９．１", FIRST),
    ("2024。9。1", FIRST),
    (" 2024. 9. 1 ", FIRST),
    ("24.9.1", FIRST),
    ("20240901", FIRST),
    ("2024-09-01 00:00:00", FIRST),
    ("2024.9.1上午", FIRST),
    ("2024.9.1（周日）", FIRST),
    ("二〇二四年九月一日", FIRST),
    ("45536", FIRST),
    (45536, FIRST),
    (45536.0, FIRST),
    (datetime(2024, 9, 1), FIRST),
    (date(2024, 9, 1), FIRST),
    ("24.9", SEPTEMBER),
    (24.9, SEPTEMBER),
    ("2024年9月", SEPTEMBER),
    ("2024年09月份", SEPTEMBER),
    ("2024.9", SEPTEMBER),
    (2024.9, SEPTEMBER),
    ("2024-9", SEPTEMBER),
    ("202409", SEPTEMBER),
    (202409.0, SEPTEMBER),
    ("2024年9月底", SEPTEMBER),
    ("2024", day("2024-01-01", "year")),
    (2024.0, day("2024-01-01", "year")),
    ("2024年", day("2024-01-01", "year")),
    ("2024-2025学年", day("2024-09-01", "year")),
    ("2024-2025-1", day("2024-09-01", "term")),
    ("2024-2025-2", day("2025-02-01", "term")),
    ("2024—2025学年第二学期", day("2025-02-01", "term")),
    ("2024年秋季学期", day("2024-09-01", "term")),
    ("2024.1", day("2024-01-01", "month")),
    ("2024.2.29", day("2024-02-29")),
]


@pytest.mark.parametrize(("cell", "expected"), DAYS)
def test_dates_keep_their_precision(cell, expected):
    assert cells.read_day(cell) == (expected, ())


@pytest.mark.parametrize(
    "cell", ["2026.2.30", "2025-02-29", "2024年13月", "2024.4.31", "20241301", "2024.0.5", "24.13"]
)
def test_impossible_dates_are_told_apart(cell):
    value, [finding] = cells.read_day(cell)
    assert (value, finding.code) == (None, "impossible_date")
    assert finding.code in PROBLEMS


@pytest.mark.parametrize(
    "cell", ["9月", "3.12", "不详", "1024.9.1", "2024-2026-1", "长期", "0", 7, -3.5, True, "9" * 300]
)
def test_what_is_no_date_is_noted(cell):
    value, [finding] = cells.read_day(cell)
    assert (value, finding.code) == (None, "unreadable_date")
    assert finding.code in NOTES


@pytest.mark.parametrize("cell", [None, "", " ", "-", "—", "/", "无", "暂无"])
def test_signs_for_nothing_are_nothing(cell):
    assert (
        cells.read_day(cell) == cells.read_term(cell) == cells.read_count(cell) == cells.read_money(cell) == (None, ())
    )


@pytest.mark.parametrize("cell", [2024.1, 24.1])
def test_october_as_a_number_has_lost_its_zero(cell):
    """2024.10 typed as a number becomes 2024.1: only the year is certain. As text it is January."""
    assert cells.read_day(cell) == (
        day("2024-01-01", "year"),
        (cells.Finding("month_lost_zero", {"value": str(cell)}),),
    )


def test_the_last_day_a_date_may_mean():
    assert day("2024-02-01", "month").last == date(2024, 2, 29)
    assert day("2024-12-01", "month").last == date(2024, 12, 31)
    assert day("2024-09-01", "term").last == date(2025, 2, 28)
    assert day("2024-01-01", "year").last == date(2024, 12, 31)
    assert FIRST.last == date(2024, 9, 1)


RANGE = Term(SEPTEMBER, day("2027-08-01", "month"))
TERMS = [
    ("2024.9-2027.8", RANGE),
    ("2024.9—2027.8", RANGE),
    ("2024.9 ～ 2027.8", RANGE),
    ("2024年9月至2027年8月", RANGE),
    ("2024.9到2027.8止", RANGE),
    ("24.9-27.8", RANGE),
    ("2024.9.1-2027.8.31", Term(FIRST, day("2027-08-31"))),
    ("2024-9-1-2027-8-31", Term(FIRST, day("2027-08-31"))),
    ("2024-09-01 至 2027-08-31", Term(FIRST, day("2027-08-31"))),
    ("2024.9.1-12.31", Term(FIRST, day("2024-12-31"))),
    ("2024-2027", Term(day("2024-01-01", "year"), day("2027-01-01", "year"))),
    ("三年", Term(months=36)),
    ("3年", Term(months=36)),
    ("３年", Term(months=36)),
    ("两年半", Term(months=30)),
    ("36个月", Term(months=36)),
    (3, Term(months=36)),
    ("签订之日起三年", Term(months=36)),
    ("长期", Term(open_ended=True)),
    ("长期有效", Term(open_ended=True)),
    ("无固定期限", Term(open_ended=True)),
    ("2024.9-长期", Term(SEPTEMBER, open_ended=True)),
    ("至2027年8月", Term(end=day("2027-08-01", "month"))),
    ("2027.8.31", Term(end=day("2027-08-31"))),
    (date(2027, 8, 31), Term(end=day("2027-08-31"))),
    ("2024.9起三年", Term(SEPTEMBER, months=36)),
    ("三年（2024.9-2027.8）", Term(SEPTEMBER, day("2027-08-01", "month"), months=36)),
    ("2024-2025-1", Term(day("2024-09-01", "term"), day("2024-09-01", "term"))),
]


@pytest.mark.parametrize(("cell", "expected"), TERMS)
def test_terms(cell, expected):
    assert cells.read_term(cell) == (expected, ())


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("2024.9.1-2026.2.30", "impossible_date"),
        ("2026.2.30-2027.8", "impossible_date"),
        ("2027.9-2024.8", "ends_before_start"),
        ("暂定", "unreadable_term"),
        ("9月初—次年3月", "unreadable_term"),
        (CellError("#REF!"), "error_value"),
        (True, "unreadable_date"),
    ],
)
def test_terms_that_do_not_hold(cell, code):
    value, [finding] = cells.read_term(cell)
    assert (value, finding.code) == (None, code)


def test_years_of_a_term():
    assert Term(months=30).years == Decimal("2.5")
    assert Term(open_ended=True).years is None
    assert (RANGE.precision, Term(months=3).precision) == ("month", None)


COUNTS = [
    ("30", Count(30)),
    (30.0, Count(30)),
    ("３０", Count(30)),
    ("30人", Count(30)),
    ("0", Count(0)),
    ("1,200人", Count(1200)),
    ("1.2万人", Count(12000)),
    ("12（含3名女生）", Count(12, note="含3名女生")),
    ("12人/年", Count(12)),
    ("30余人", Count(30, True)),
    ("30多", Count(30, True)),
    ("20+", Count(20, True)),
    ("约30人", Count(30, True)),
    ("30左右", Count(30, True)),
    ("500人以上", Count(500, True)),
    ("三十余人", Count(30, True)),
]


@pytest.mark.parametrize(("cell", "expected"), COUNTS)
def test_counts(cell, expected):
    assert cells.read_count(cell) == (expected, ())


def test_a_range_of_numbers_gives_the_smaller_one_roughly():
    value, [finding] = cells.read_count("20-30人")
    assert (value, finding.code, finding.params["taken"]) == (Count(20, True), "range_of_numbers", "20")


@pytest.mark.parametrize(
    "cell", ["若干", "若干人", "男5女3", "5+3", "视情况", 12.5, -3, True, float("nan"), float("inf"), "9" * 40]
)
def test_what_is_no_count_is_noted(cell):
    value, [finding] = cells.read_count(cell)
    assert (value, finding.code) == (None, "unreadable_count")


AMOUNTS = [
    ("5", Money(Decimal(5))),
    (5.0, Money(Decimal(5))),
    (0.1, Money(Decimal("0.1"))),
    (3.55, Money(Decimal("3.55"))),
    ("50000元", Money(Decimal(5))),
    ("2,800.00元", Money(Decimal("0.28"))),
    ("3.5万元", Money(Decimal("3.5"))),
    ("５万", Money(Decimal(5))),
    ("1亿", Money(Decimal(10000))),
    ("约5万(设备)", Money(Decimal(5), True, "设备")),
    ("约5万（设备）", Money(Decimal(5), True, "设备")),
    ("20万元设备", Money(Decimal(20), False, "设备")),
    ("价值约20万元的机床一台", Money(Decimal(20), True, "机床一台")),
    ("12台设备，价值30万", Money(Decimal(30), False, "12台设备")),
    (0, Money(Decimal(0))),
]


@pytest.mark.parametrize(("cell", "expected"), AMOUNTS)
def test_money_in_ten_thousand_yuan(cell, expected):
    value, findings = cells.read_money(cell)
    assert (value, findings) == (expected, ())
    assert isinstance(value.value, Decimal)


def test_the_unit_of_the_head_counts_where_the_cell_has_none():
    assert cells.read_money(50000, "元") == (Money(Decimal(5)), ())
    assert cells.read_money("5万", "元") == (Money(Decimal(5)), ())


@pytest.mark.parametrize("cell", ["设备", "设备3台", "5万+2万设备", "-5", -5, "1.2E+05", float("nan"), "9" * 30, True])
def test_what_is_no_amount_is_noted(cell):
    value, [finding] = cells.read_money(cell)
    assert (value, finding.code) == (None, "unreadable_amount")


@pytest.mark.parametrize(
    ("cell", "lost"),
    [
        (3.30109e17, True), (330109199901012345, True), (1e15, True), ("3.30109E+17", True), ("１.38E+10", True),
        (13800000001.0, False), (330100000012345.0, False), ("91330100MA27XL0C42", False), ("2E03", False),
        ("HT+05", False), (True, False), (None, False),
    ],
)  # fmt: skip
def test_numbers_that_lost_digits(cell, lost):
    assert cells.has_lost_digits(cell) is lost


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("恒力轴承（杭州）有限公司\u00a0", ("恒力轴承（杭州）有限公司", ())),
        ("恒力轴承（杭州）有限公司 (原恒力机械厂)", ("恒力轴承（杭州）有限公司", ("恒力机械厂",))),
        ("恒力轴承\n（原名：恒力机械（杭州）厂、老厂）", ("恒力轴承", ("恒力机械（杭州）厂", "老厂"))),
        ("(原恒力机械厂)", ("", ("恒力机械厂",))),
        ("ＡＢＣ　科技 有限公司", ("ABC科技有限公司", ())),
        ("Bosch Rexroth (China) Ltd", ("Bosch Rexroth (China) Ltd", ())),
        ("𠮷田·机械\u200b", ("𠮷田·机械", ())),
        ("原野农业有限公司", ("原野农业有限公司", ())),
        ('=HYPERLINK("http://x")', ('=HYPERLINK("http://x")', ())),
    ],
)
def test_names_and_former_names(cell, expected):
    assert cells.read_name(cell) == expected


def test_lists_are_split_outside_brackets():
    assert cells.split_list("订单班、实习，共建/机电(数控、模具);实习；\n无") == (
        "订单班",
        "实习",
        "共建",
        "机电(数控、模具)",
    )
    assert cells.split_list("") == cells.split_list("/") == ()


TEXT = st.one_of(
    st.text(max_size=60),
    st.text(
        "0123456789.-/年月日至到约余万元亿人（）()+、 —～起三十长期原微信同号赵敏#E\u00a0\u3000\U00020bb7", max_size=40
    ),
    st.sampled_from([cell for table in (DAYS, TERMS, COUNTS, AMOUNTS) for cell, _ in table]),
    st.floats(),
    st.integers(),
    st.booleans(),
    st.dates(),
    st.datetimes(),
    st.timedeltas(),
    st.builds(CellError, st.text(max_size=9)),
)


@given(TEXT)
@settings(max_examples=1500, deadline=None)
def test_no_cell_ever_raises(cell):
    for read in (cells.read_day, cells.read_term, cells.read_count, cells.read_money):
        value, findings = read(cell)
        assert all(finding.code in PROBLEMS or finding.code in NOTES for finding in findings)
        assert value is None or type(value).from_json(value.as_json()) == value
    cells.has_lost_digits(cell)
    if isinstance(cell, str):
        cells.read_name(cell)
        assert all(cells.split_list(cell))


@given(
    st.dates(date(1950, 1, 1), date(2099, 12, 31)),
    st.sampled_from(["%Y.%m.%d", "%Y-%m-%d", "%Y/%m/%d", "%Y年%m月%d日", "%Y%m%d"]),
)
@settings(max_examples=200, deadline=None)
def test_every_day_is_read_back(value, form):
    assert cells.read_day(value.strftime(form)) == (Day(value), ())
