"""The list of partners: what it is narrowed by, and how its panel is drawn."""

import re

import pytest
from django.urls import reverse

from partnerships.services.enterprises import naming
from policies.models import Industry, Region
from tests.partnerships.factories import EnterpriseFactory

pytestmark = pytest.mark.django_db


def partner(name, **values):
    return EnterpriseFactory(name=name, **naming(name, uscc=values.get("uscc", "")), **values)


def names(client, query):
    page = client.get(reverse("partnerships:enterprise_list") + query).content.decode()
    return set(re.findall(r'<th scope="row"[^>]*>\s*<a href="[^"]+">([^<]+)</a>', page))


def test_narrowed_by_place_and_trade(cast, signed_in):
    hangzhou = partner(
        "杭州禾阀有限公司", region=Region.objects.get(pk="330100"), industry=Industry.objects.get(pk="C34")
    )
    province = partner("浙江越坚有限公司", region=Region.objects.get(pk="330000"))
    partner("苏州澄工有限公司", region=Region.objects.get(pk="320500"))
    client = signed_in(cast.officer)
    assert names(client, "?province=330000") == {hangzhou.name, province.name}
    assert names(client, "?province=330000&region=330100") == {hangzhou.name}
    assert names(client, "?industry=C34") == {hangzhou.name}


@pytest.mark.parametrize(
    "query", ["?province=999999", "?province=%00", "?region=330100", "?industry=X99", "?owner=0", "?department=x"]
)
def test_a_value_that_does_not_exist_breaks_nothing(cast, signed_in, query):
    assert signed_in(cast.officer).get(reverse("partnerships:enterprise_list") + query).status_code == 200


def test_red_flags(cast, signed_in):
    agency = partner("诚济人力有限公司", is_labour_agency=True)
    client = signed_in(cast.officer)
    assert names(client, "?flagged=true") == {agency.name}
    assert agency.name not in names(client, "?flagged=false")


def test_the_panel_marks_what_is_chosen_and_escapes(cast, signed_in):
    cast.d1.name = "<机电>学院"
    cast.d1.save()
    page = signed_in(cast.officer).get(
        reverse("partnerships:enterprise_list") + f"?state=active&flagged=true&department={cast.d1.pk}&industry=C34"
    )
    html = page.content.decode()
    for name, value in (("state", "active"), ("flagged", "true"), ("department", cast.d1.pk), ("industry", "C34")):
        (select,) = re.findall(rf'<select name="{name}".*?</select>', html, re.DOTALL)
        assert f'value="{value}" selected' in select
        assert select.count(" selected") == 1
    assert "<机电>" not in html
    assert "&lt;机电&gt;学院" in html


@pytest.mark.parametrize("words", ["恒力", "恒", "hl", "hengli", "h", "恒l", "91330", "恒力 轴承"])
def test_searched_in_every_way(cast, signed_in, words):
    found = partner("恒力轴承有限公司", uscc="91330100MA27XL0C42")
    other = partner("宁波远汐港务公司")
    shown = names(signed_in(cast.officer), f"?q={words}")
    assert found.name in shown
    assert other.name not in shown


def test_the_panel_speaks_the_language_of_whoever_reads_it(cast, signed_in):
    """Its form is made once for all: no word of the first reader stays in it."""
    cast.lead.language = "zh-hans"
    cast.lead.save()
    for person, words in ((cast.officer, ("any", "yes", "no")), (cast.lead, ("不限", "是", "否"))):
        page = signed_in(person).get(reverse("partnerships:enterprise_list"))
        flagged = next(str(field) for field in page.context["panel"] if field.name == "flagged")
        assert [f">{word}</option>" in flagged for word in words] == [True] * 3, flagged
