"""What is brought along reads as the rows themselves do, in their order."""

from datetime import date

import pytest
from django.db.models import OuterRef

from partnerships.models import Assessment, Enterprise, Site
from records import links
from records.along import along, instances
from records.models import Link
from tests.partnerships.factories import EnterpriseFactory, SiteFactory, UserFactory


def page_of(enterprise, **rows):
    return Enterprise.objects.annotate(**rows).get(pk=enterprise.pk)


@pytest.fixture
def enterprise(db):
    return EnterpriseFactory()


def test_nothing_is_brought_where_nothing_is(enterprise):
    SiteFactory(enterprise=EnterpriseFactory())
    row = page_of(enterprise, its_sites=along(Site.objects.filter(enterprise=OuterRef("pk")), "id"))
    assert instances(Site, row.its_sites) == []


def test_moments_days_and_names_come_back_as_they_are(cast, enterprise, django_assert_num_queries):
    author = UserFactory(name="林薇", name_en="Lin Wei")
    made = links.hand_out("partnership", subject=cast.a, stream=enterprise.pk, by=author, addressee='赵经理"’')
    brought = along(
        Link.objects.filter(stream=OuterRef("pk")), "id", "addressee", "created_at", "opened_at", "created_by__name"
    )
    row = page_of(enterprise, its_links=brought)
    with django_assert_num_queries(0):
        (link,) = instances(Link, row.its_links)
        assert (link.pk, link.addressee, link.opened_at) == (made.pk, made.addressee, None)
        assert link.created_at == made.created_at
        assert link.created_by.name == "林薇"


def test_in_their_order_and_without_what_they_have_not(cast, enterprise, django_assert_num_queries):
    site = SiteFactory(enterprise=enterprise, name="二号车间")
    for day, place in ((1, None), (3, site), (2, None)):
        Assessment.objects.create(
            enterprise=enterprise, site=place, visited_on=date(2026, 3, day), assessors="林薇", is_suitable=day != 2,
            written_by=cast.officer,
        )  # fmt: skip
    own = Assessment.objects.filter(enterprise=OuterRef("pk"))
    row = page_of(enterprise, its=along(own, "visited_on", "is_suitable", "site__name"))
    with django_assert_num_queries(0):
        found = [
            (one.visited_on.day, one.is_suitable, one.site and one.site.name) for one in instances(Assessment, row.its)
        ]
    assert found == [(3, True, "二号车间"), (2, False, None), (1, True, None)]
