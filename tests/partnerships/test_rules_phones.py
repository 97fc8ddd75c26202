from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partnerships.rules.phones import Person, Phone, guess_honorific, read_contacts, read_phones


def people(text):
    return [(person.name, person.position, person.phones, person.note) for person in read_contacts(text)]


def test_two_people_in_one_cell():
    assert read_contacts("赵敏（人事）13800000001/钱波0571-88886666转802 微信同号") == [
        Person("赵敏", "人事", "赵敏", ["13800000001"], False, ""),
        Person("钱波", "", "钱波", ["0571-88886666转802"], True, "微信同号"),
    ]
    assert read_phones("赵敏（人事）13800000001/钱波0571-88886666转802 微信同号") == [
        Phone("13800000001", "", "赵敏"),
        Phone("0571-88886666转802", "微信同号", "钱波"),
    ]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("13800000001", "13800000001"),
        ("１３９１２３４５６７８", "13912345678"),
        ("138 0000 0001", "13800000001"),
        ("138-0000-0001", "13800000001"),
        ("+86 13800000001", "13800000001"),
        ("8613800000001", "13800000001"),
        (13800000001, "13800000001"),
        (13800000001.0, "13800000001"),
        ("0571-88886666", "0571-88886666"),
        ("057188886666", "0571-88886666"),
        ("（0571）88886666", "0571-88886666"),
        ("0571 8888 6666", "0571-88886666"),
        ("010-62345678", "010-62345678"),
        ("021－62345678", "021-62345678"),
        ("0571-88886666转802", "0571-88886666转802"),
        ("0571-88886666-802", "0571-88886666转802"),
        ("0571-88886666 分机802", "0571-88886666转802"),
        ("88886666", "88886666"),
        ("400-800-1234", "400-800-1234"),
        ("4008001234", "400-800-1234"),
        ("400-8001-234转5", "400-800-1234转5"),
        ("+1 415 555 0100", "+14155550100"),
    ],
)
def test_numbers_have_one_spelling(text, number):
    assert [phone.number for phone in read_phones(text)] == [number]


@pytest.mark.parametrize(
    "text", ["1.38E+10", "1380000000", "138000000012", "0571-888", "无", "同上", "110", "330109000012345"]
)
def test_what_is_no_number_stays_as_a_note(text):
    assert read_phones(text) == []
    person = read_contacts(text)[0]
    assert person.phones == []
    assert text in (person.note, person.name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("赵敏 人事经理 13800000001", [("赵敏", "人事经理", ["13800000001"], "")]),
        ("赵敏，人事经理，13800000001", [("赵敏", "人事经理", ["13800000001"], "")]),
        ("人事经理赵敏13800000001", [("赵敏", "人事经理", ["13800000001"], "")]),
        ("赵敏人事经理13800000001", [("赵敏", "人事经理", ["13800000001"], "")]),
        ("车间主任 王强 15900001111", [("王强", "车间主任", ["15900001111"], "")]),
        ("联系人：赵敏 电话：13800000001", [("赵敏", "", ["13800000001"], "")]),
        ("赵敏\n13800000001\n0571-88886666", [("赵敏", "", ["13800000001", "0571-88886666"], "")]),
        ("赵敏13800000001 钱波13900000002", [("赵敏", "", ["13800000001"], ""), ("钱波", "", ["13900000002"], "")]),
        ("赵敏、钱波 13800000001", [("赵敏", "", [], ""), ("钱波", "", ["13800000001"], "")]),
        (
            "赵经理13800000001；孙总13900000002",
            [("赵经理", "经理", ["13800000001"], ""), ("孙总", "", ["13900000002"], "")],
        ),
        ("13800000001（赵敏）", [("赵敏", "", ["13800000001"], "")]),
        ("13800000001赵敏/13900000002钱波", [("赵敏", "", ["13800000001"], ""), ("钱波", "", ["13900000002"], "")]),
        ("阿卜杜拉•买买提 13800000001", [("阿卜杜拉·买买提", "", ["13800000001"], "")]),
        ("𠮷田一郎 13800000001", [("𠮷田一郎", "", ["13800000001"], "")]),
        ("欧阳锋总经理13800000001", [("欧阳锋", "总经理", ["13800000001"], "")]),
        ("Lisa Wang 13800000001", [("Lisa Wang", "", ["13800000001"], "")]),
        ("钱波（已离职）13800000001", [("钱波", "", ["13800000001"], "已离职")]),
        ("0571-88886666/7777", [("", "", ["0571-88886666"], "7777")]),
        ("赵敏 zhao@hengli.com 13800000001", [("赵敏", "", ["13800000001"], "zhao@hengli.com")]),
        ("13800000001/13800000001", [("", "", ["13800000001"], "")]),
        ("赵敏", [("赵敏", "", [], "")]),
        ("", []),
        (None, []),
        ("  / ；\n", []),
    ],
)
def test_cells(text, expected):
    assert people(text) == expected


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("13800000001（微信同号）", True),
        ("13800000001 同微信", True),
        ("13800000001 V信同号", True),
        ("赵敏 微信zm123 13800000001", False),
        ("13800000001", False),
    ],
)
def test_same_wechat(text, same):
    assert read_contacts(text)[0].same_wechat is same


@pytest.mark.parametrize(
    ("name", "position", "honorific"),
    [
        ("赵敏", "人事经理", "赵经理"),
        ("赵敏", "总经理", "赵总"),
        ("赵敏", "副总经理", "赵总"),
        ("赵敏", "总监", "赵总"),
        ("赵敏", "董事长", "赵董"),
        ("欧阳锋", "厂长", "欧阳厂长"),
        ("赵敏", "高级工程师", "赵工"),
        ("赵敏", "车间主任", "赵主任"),
        ("赵敏", "总经理助理", "赵敏"),
        ("赵敏", "法人代表", "赵敏"),
        ("赵敏", "人事", "赵敏"),
        ("赵敏", "", "赵敏"),
        ("赵经理", "经理", "赵经理"),
        ("孙总", "", "孙总"),
        ("阿卜杜拉·买买提", "经理", "阿卜杜拉·买买提"),
        ("Lisa", "HR", "Lisa"),
        ("", "经理", ""),
    ],
)
def test_guess_honorific(name, position, honorific):
    assert guess_honorific(name, position) == honorific


NAMES = st.sampled_from(["赵敏", "钱波", "欧阳锋", "孙小圣", "李经理", "阿卜杜拉·买买提"])
NUMBERS = st.sampled_from(
    ["13800000001", "13900000002", "0571-88886666", "0571-88886666转802", "400-800-1234", "88886666"]
)


@given(st.lists(st.tuples(NAMES, NUMBERS), min_size=1, max_size=4), st.sampled_from(["/", "；", "、", "\n", " ", "，"]))
def test_people_written_in_a_row_are_read_back(pairs, separator):
    cell = separator.join(name + number for name, number in pairs)
    assert [(phone.name, phone.number) for phone in read_phones(cell)] == pairs


@given(st.text("赵敏钱波人事经理车间微信同号总（）()/；、\n 12345679-.abX·𠮷", max_size=40))
def test_nothing_of_a_cell_is_lost(text):
    kept = "".join(f"{p.name}{p.position}{''.join(p.phones)}{p.note}" for p in read_contacts(text))
    letters = Counter(c for c in text if c.isalpha() and c not in "xX")
    assert not letters - Counter(kept)
    assert {c for c in text if c.isdigit()} <= set(kept)


@given(st.one_of(st.text(), st.floats(), st.integers(), st.none(), st.booleans()))
def test_never_raises_and_fits_the_columns(value):
    for person in read_contacts(value):
        assert len(person.name) <= 60
        assert len(person.position) <= 60
        assert all(len(number) <= 40 for number in person.phones)
    assert all(phone.number for phone in read_phones(value))
