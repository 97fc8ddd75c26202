from collections import Counter
from datetime import date

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.utils import translation

from policies import rules, services
from policies.models import Affinity, Industry, Region, Section, Specialty, SpecialtyCategory

pytestmark = pytest.mark.django_db


def test_the_tables_are_there_after_migrating():
    levels = Counter(Region.objects.values_list("level", flat=True))
    assert levels == {"province": 34, "city": 333 + 32}  # 32 county-level units answer to their province directly
    assert Industry.objects.count() == 97
    assert Counter(Industry.objects.values_list("section", flat=True)).keys() == set(Section.values)


def test_loading_again_changes_nothing_and_mends_what_was_changed(capsys):
    before = list(Region.objects.values_list()), list(Industry.objects.values_list())
    Region.objects.filter(code="330100").update(name="杭")
    Industry.objects.filter(code="C34").update(words="")
    call_command("load_tables")
    assert (list(Region.objects.values_list()), list(Industry.objects.values_list())) == before
    assert "399 regions" in capsys.readouterr().out


def test_within_a_province_are_itself_and_its_cities():
    zhejiang = list(Region.objects.within("330000").values_list("code", flat=True))
    assert zhejiang[0] == "330000"
    assert len(zhejiang) == 12
    assert all(code.startswith("33") for code in zhejiang)
    assert [region.code for region in Region.objects.within("330100")] == ["330100"]
    assert not Region.objects.within("999999").exists()


def test_names_in_the_reader_s_language():
    hangzhou = Region.objects.get(code="330100")
    bearings = Industry.objects.get(code="C34")
    with translation.override("zh-hans"):
        assert [str(hangzhou), hangzhou.full_name, str(bearings)] == ["杭州市", "浙江省杭州市", "通用设备制造业"]
    with translation.override("en"):
        assert [str(hangzhou), hangzhou.full_name] == ["Hangzhou", "Hangzhou, Zhejiang"]
        assert str(bearings) == "General-purpose machinery"
        assert [str(Region.objects.get(code=c)) for c in ("610100", "610000", "140000", "150000", "340100")] == [
            "Xi'an", "Shaanxi", "Shanxi", "Inner Mongolia", "Hefei",
        ]  # fmt: skip


def test_province_of_a_city_and_of_itself():
    assert Region.objects.get(code="330100").province.code == "330000"
    assert Region.objects.get(code="310000").province.code == "310000"
    assert Region.objects.get(code="429004").province_code == "420000"


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (Region, {"code": "3301", "level": "city", "parent_id": "330000"}),
        (Region, {"code": "339999", "level": "city", "parent_id": None}),
        (Region, {"code": "990000", "level": "province", "parent_id": "330000"}),
        (Industry, {"code": "Z99", "section": "C"}),
        (Industry, {"code": "C99", "section": "D"}),
    ],
)
def test_the_database_refuses_what_no_table_holds(model, fields):
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.create(name="某", name_en="Some", **fields)


def test_each_table_is_read_in_one_query(django_assert_num_queries):
    with django_assert_num_queries(1):
        assert rules.place("浙江杭州", services.gazetteer()) == "330100"
    with django_assert_num_queries(1):
        assert rules.industry("软件", services.trades()) == "I65"


# --- specialties ---------------------------------------------------------------------------------------------------


def test_nineteen_categories_each_with_a_specialty_and_an_industry():
    codes = set(SpecialtyCategory.objects.values_list("code", flat=True))
    assert codes == {str(code) for code in range(41, 60)}
    assert set(Specialty.objects.values_list("category", flat=True)) == codes
    assert set(Affinity.objects.filter(closeness=3).values_list("category", flat=True)) == codes
    assert set(Affinity.objects.values_list("confidence", flat=True)) == {"O"}  # ours: nothing official says so


def test_loading_specialties_again_changes_nothing_and_keeps_the_school_s_own():
    Specialty.objects.create(code="460399", name="本校方向", name_en="Our own", category_id="46")
    tables = Specialty, SpecialtyCategory, Affinity
    before = [list(table.objects.values_list()) for table in tables]
    Specialty.objects.filter(code="460301").update(name="机电")
    services.load_specialties()
    assert [list(table.objects.values_list()) for table in tables] == before


def test_how_close_a_trade_is_to_specialties_on_a_day():
    day = date(2026, 12, 1)
    assert services.affinities_of(["46"], day)["C34"] == 3
    assert services.affinities_of(["46", "48"], day)["C41"] == 2
    assert services.categories_near("C34", day) == {"46": 3, "51": 1, "53": 1}
    assert services.affinities_of(["46"], date(2020, 1, 1)) == {}
    Affinity.objects.filter(category="46").update(until=date(2026, 12, 31))
    assert services.affinities_of(["46"], date(2027, 1, 1)) == {}
    assert services.affinities_of(["46"], date(2026, 12, 31))["C34"] == 3


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (SpecialtyCategory, {"code": "61"}),
        (Specialty, {"code": "4603", "category_id": "46"}),
        (Specialty, {"code": "460399", "category_id": "51"}),
    ],
)
def test_the_database_refuses_a_specialty_that_cannot_be(db, model, fields):
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.create(name="某", name_en="Some", **fields)
