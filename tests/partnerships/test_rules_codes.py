import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc

from partnerships.rules import codes
from partnerships.rules.codes import is_pending, read_uscc

GOOD = "91330109MA2CD5XQ0" + uscc.calc_check_digit("91330109MA2CD5XQ0")
PLAIN = "91110000600037341L"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (PLAIN, PLAIN),
        (" 91110000600037341L ", PLAIN),
        ("9111 0000 6000 3734 1L", PLAIN),
        ("91110000-60003734-1L", PLAIN),
        ("９１１１００００６０００３７３４１Ｌ", PLAIN),
        ("91110000600037341l", PLAIN),
        ("9111OOOO6OOO37341L", PLAIN),
        ("9I1I0000600037341L", PLAIN),
        ("91110000\u200b600037341L\ufeff", PLAIN),
        ("统一社会信用代码：91110000600037341L", PLAIN),
        (GOOD, GOOD),
        ("N2330109MF1234567" + uscc.calc_check_digit("N2330109MF1234567"),) * 2,
    ],
)
def test_good_codes(text, code):
    assert read_uscc(text) == (code, None)


@pytest.mark.parametrize("text", [None, "", "   ", "无", "/", "-", "——", "暂无", "N/A", "\u200b"])
def test_nothing_is_no_problem(text):
    assert read_uscc(text) == (None, None)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("办理中", codes.PENDING),
        ("正在办理", codes.PENDING),
        ("换证中", codes.PENDING),
        ("330109000012345", codes.OLD_REGISTRATION),
        (330109000012345.0, codes.OLD_REGISTRATION),
        ("60003734-1", codes.ORGANISATION),
        ("MA2CD5XQX", codes.ORGANISATION),
        ("9.1330109E+17", codes.LOST_DIGITS),
        ("9.1330109e17", codes.LOST_DIGITS),
        ("９．１３Ｅ＋１７", codes.LOST_DIGITS),
        (9.1330109e17, codes.LOST_DIGITS),
        (float("nan"), codes.LOST_DIGITS),
        ("913301090000000000"[:15] + "000", codes.LOST_DIGITS),
        ("9111000060003734", codes.LENGTH),
        ("91110000600037341LL", codes.LENGTH),
        ("9111000060003734SL", codes.LETTERS),
        ("91110000600037341Z", codes.LETTERS),
        ("9111000060003734中L", codes.LETTERS),
        ("911100AA600037341L", codes.PLACE),
        ("B1110000600037341L", codes.PLACE),
        ("91110000600037341M", codes.CHECKSUM),
        ("91110000600037314L", codes.CHECKSUM),
        ("9111O000600037341M", codes.CHECKSUM),
    ],
)
def test_each_fault_has_its_own_sentence(text, problem):
    assert read_uscc(text) == (None, problem)


def test_the_sentences_differ():
    problems = [
        codes.PENDING, codes.LOST_DIGITS, codes.OLD_REGISTRATION, codes.ORGANISATION, codes.LENGTH, codes.LETTERS,
        codes.PLACE, codes.CHECKSUM,
    ]  # fmt: skip
    assert len({str(problem) for problem in problems}) == len(problems)


@pytest.mark.parametrize(
    ("text", "pending"), [("办理中", True), ("申请中", True), (PLAIN, False), ("", False), (None, False)]
)
def test_is_pending(text, pending):
    assert is_pending(text) is pending


bodies = st.tuples(st.text("0123456789", min_size=8, max_size=8), st.text(uscc._alphabet, min_size=9, max_size=9)).map(
    "".join
)


@given(bodies, st.sampled_from([str.lower, lambda c: " ".join(c), lambda c: c.replace("0", "O").replace("1", "I")]))
def test_every_repair_gives_the_code_back(body, spoil):
    code = body + uscc.calc_check_digit(body)
    assert read_uscc(spoil(code)) == (code, None)


@given(bodies, st.integers(0, 17), st.sampled_from(uscc._alphabet))
def test_one_wrong_character_is_never_taken(body, at, other):
    code = body + uscc.calc_check_digit(body)
    spoilt = code[:at] + other + code[at + 1 :]
    if spoilt != code:
        assert read_uscc(spoilt)[0] is None


@given(st.one_of(st.text(), st.floats(), st.integers(), st.none(), st.booleans()))
def test_never_raises_and_answers_one_thing(value):
    code, problem = read_uscc(value)
    assert code is None or problem is None
    assert code is None or uscc.calc_check_digit(code[:17]) == code[17]
