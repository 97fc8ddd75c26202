import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies import rules
from policies.tables import read

REGIONS, INDUSTRIES = read("regions.csv"), read("industries.csv")
GAZETTEER = rules.make_gazetteer([(r["code"], r["parent"] or None, r["name"], r["districts"]) for r in REGIONS])
TRADES = rules.make_trades([(r["code"], r["name"], r["words"]) for r in INDUSTRIES])
NAMES = {row["code"]: row["name"] for row in REGIONS}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("浙江省杭州市萧山区宁围街道", "330100"),
        ("浙江省 杭州市", "330100"),
        ("浙江省/杭州市/余杭区", "330100"),
        ("杭州萧山", "330100"),
        ("萧山区", "330100"),
        ("江苏苏州工业园区", "320500"),
        ("宿州市埇桥区", "341300"),
        ("昆山花桥", "320500"),
        ("萧山", "330100"),
        ("浙江省义乌市", "330700"),
        ("地址：浙江省宁波市鄞州区", "330200"),
        ("某公司位于杭州市余杭区", "330100"),
        ("中国浙江杭州", "330100"),
        ("（杭州市）滨江区", "330100"),
        ("ＸＸ园区 杭州市", "330100"),
        ("浙江", "330000"),
        ("上海市嘉定区", "310000"),
        ("上海南京路100号", "310000"),
        ("重庆万州", "500000"),
        ("吉林", "220000"),
        ("吉林省吉林市", "220200"),
        ("青海海南州共和县", "632500"),
        ("海南", "460000"),
        ("内蒙古呼和浩特", "150100"),
        ("恩施州恩施市", "422800"),
        ("新疆石河子", "659001"),
        ("湖北省直辖县级行政区划仙桃市", "429004"),
        ("北京市朝阳区", "110000"),
        ("朝阳市", "211300"),
        ("香港九龙", "810000"),
        ("杭州恒力轴承有限公司", "330100"),
    ],
)
def test_place(text, code):
    assert rules.place(text, GAZETTEER) == code


@pytest.mark.parametrize(
    "text",
    [
        "",
        None,
        "   ",
        "12345",
        "南京路100号",
        "中山路",
        "朝阳区建国路",
        "西湖区",
        "新区",
        "杭州湾新区",
        "桥西区",
        "园区三号楼",
    ],
)
def test_place_does_not_guess(text):
    assert rules.place(text, GAZETTEER) is None


def test_every_region_and_district_is_found_by_its_full_name():
    for row in REGIONS:
        full = NAMES.get(row["parent"], "") + row["name"]
        assert rules.place(full, GAZETTEER) == row["code"]
        assert rules.place(row["name"], GAZETTEER) == row["code"]
        for district in row["districts"].split():
            assert rules.place(full + district, GAZETTEER) == row["code"]


def test_ten_thousand_addresses_are_placed_in_a_second():
    addresses = [f"浙江省杭州市萧山区市心北路{n}号" if n % 2 else f"某某工业园{n}号楼" for n in range(10_000)]
    started = time.process_time()
    placed = [rules.place(address, GAZETTEER) for address in addresses]
    assert time.process_time() - started < 2
    assert placed.count("330100") == 5_000
    assert placed.count(None) == 5_000


@given(st.text())
def test_place_answers_a_known_code_or_none(text):
    assert rules.place(text, GAZETTEER) in {None, *NAMES}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("通用设备制造", "C34"),
        ("通用设备制造业", "C34"),
        ("通用", "C34"),
        ("C34", "C34"),
        ("c3451", "C34"),
        ("3451", "C34"),
        ("Ｃ３４", "C34"),
        ("C34 通用设备制造业", "C34"),
        ("软件", "I65"),
        ("软件开发", "I65"),
        ("IT", "I65"),
        ("餐饮", "H62"),
        ("餐饮管理", "H62"),
        ("汽车", "C36"),
        ("汽车维修服务", "O81"),
        ("汽车零部件制造", "C36"),
        ("计算机、通信和其他电子设备制造业", "C39"),
        ("房地产业", "K70"),
        ("教育", "P83"),
    ],
)
def test_industry(text, code):
    assert rules.industry(text, TRADES) == code


@pytest.mark.parametrize(
    "text",
    [
        "",
        None,
        "机械",
        "机械制造",
        "物流",
        "装备制造",
        "建筑业",
        "制造业",
        "业",
        "先进制造",
        "D34",
        "99",
        "1234567",
        "C34/C36",
    ],
)
def test_industry_does_not_guess(text):
    assert rules.industry(text, TRADES) is None


def test_candidates_are_the_choices_to_offer():
    assert rules.industry_candidates("物流", TRADES) == ["G54", "G58", "G59"]
    assert rules.industry_candidates("机械", TRADES) == ["C34", "C35"]


def test_every_industry_is_found_by_its_name_and_code():
    for row in INDUSTRIES:
        assert rules.industry(row["name"], TRADES) == row["code"]
        assert rules.industry(row["code"], TRADES) == row["code"]


@given(st.text())
def test_industry_answers_a_known_code_or_none(text):
    assert rules.industry(text, TRADES) in {None, *TRADES.codes.values()}
