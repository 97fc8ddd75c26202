"""Views of lists that people save: found again, theirs alone, and never an error when the list has moved on."""

import pytest
from django.contrib.messages import get_messages
from django.db import IntegrityError, transaction
from django.urls import reverse

from records import saved
from records.models import SavedView
from records.workflow import Refused
from reports.lists import LISTS

pytestmark = pytest.mark.django_db


def save(client, name="重点企业", query="tier=1&sort=-contact", list_name="partners"):
    return client.post(reverse("reports:view_save", args=[list_name]), {"name": name, "query": query})


def told(response):
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def test_saved_opened_renamed_deleted(cast, signed_in):
    client = signed_in(cast.officer)
    assert save(client)["Location"] == reverse("partnerships:enterprise_list") + "?tier=1&sort=-contact"
    view = SavedView.objects.get()
    assert (view.owner, view.list, view.name) == (cast.officer, "partners", "重点企业")
    page = client.get(reverse("partnerships:enterprise_list")).content.decode()
    assert f'<a href="/views/{view.pk}/">重点企业</a>' in page
    opened = client.get(reverse("reports:view_open", args=[view.pk]))
    assert opened["Location"] == reverse("partnerships:enterprise_list") + "?tier=1&sort=-contact"
    assert 'aria-current="true">重点企业' in client.get(opened["Location"]).content.decode()
    client.post(reverse("reports:view_rename", args=[view.pk]), {"name": "战略合作"})
    assert "战略合作" in client.get(reverse("reports:view_list")).content.decode()
    client.post(reverse("reports:view_delete", args=[view.pk]))
    assert not SavedView.objects.exists()


def test_the_same_name_again_shows_what_is_seen_now(cast, signed_in):
    client = signed_in(cast.officer)
    save(client)
    response = save(client, query="tier=2")
    assert SavedView.objects.get().query == "tier=2"
    assert "now shows what you see here" in told(response)


@pytest.mark.parametrize("query", [
    "tier=1&nothing=7&csrfmiddlewaretoken=x", "tier=1&after=abc&before=x&end=1", "tier=1&owner=999999",
    "tier=1&state=", "tier=1&enterprises=3", "tier=1&province=%00",
])  # fmt: skip
def test_only_what_the_list_knows_is_kept(cast, signed_in, query):
    save(signed_in(cast.officer), query=query)
    assert SavedView.objects.get().query == "tier=1"


@pytest.mark.parametrize(("list_name", "query", "kept"), [
    ("partners", "owner=999999&tier=2", "tier=2"),
    ("partners", "gone=1", ""),
    ("partners", "state=nonsense", ""),
    ("trips", "tag=gone&mine=1", "mine=1"),
    ("events", "kind=gone&state=held", "state=held"),
])  # fmt: skip
def test_a_filter_that_is_gone_is_said_and_left_out(cast, signed_in, list_name, query, kept):
    client = signed_in(cast.officer)
    view = SavedView.objects.create(owner=cast.officer, list=list_name, name="旧", query=query)
    opened = client.get(reverse("reports:view_open", args=[view.pk]))
    assert opened["Location"] == reverse(LISTS[list_name].page) + (f"?{kept}" if kept else "")
    assert "no longer exists and was left out" in told(opened)
    assert client.get(opened["Location"]).status_code == 200


def test_a_list_that_is_gone_is_said(cast, signed_in):
    view = SavedView.objects.create(owner=cast.officer, list="nothing", name="旧", query="tier=1")
    client = signed_in(cast.officer)
    opened = client.get(reverse("reports:view_open", args=[view.pk]), follow=True)
    assert opened.status_code == 200
    assert "no longer exists" in opened.content.decode()


def test_a_view_of_a_list_that_is_closed_by_now(cast, signed_in):
    view = SavedView.objects.create(owner=cast.officer, list="told", name="旧", query="rule=gap")
    client = signed_in(cast.officer)
    assert client.get(reverse("reports:view_open", args=[view.pk])).status_code == 403
    assert "旧" not in client.get(reverse("reports:view_list")).content.decode()


def test_nobody_sees_or_changes_somebody_elses(cast, signed_in):
    view = SavedView.objects.create(owner=cast.officer, list="partners", name="机密", query="tier=1")
    client = signed_in(cast.lead)
    for method, name in (("get", "view_open"), ("post", "view_rename"), ("post", "view_delete")):
        answer = getattr(client, method)(reverse(f"reports:{name}", args=[view.pk]), {"name": "x"})
        assert answer.status_code == 404
    for page in (reverse("reports:view_list"), reverse("partnerships:enterprise_list")):
        assert "机密" not in client.get(page).content.decode()
    view.refresh_from_db()
    assert view.name == "机密"


@pytest.mark.parametrize("name", ["", "  ", "长" * 41, "a\0b"])
def test_a_name_is_needed(cast, signed_in, name):
    response = save(signed_in(cast.officer), name=name)
    assert response.status_code == 302
    assert "at most 40 characters" in told(response)
    assert not SavedView.objects.exists()


def test_two_of_one_name_are_refused(cast, signed_in):
    client = signed_in(cast.officer)
    for name in ("甲", "乙"):
        save(client, name=name)
    second = SavedView.objects.get(name="乙")
    assert client.post(reverse("reports:view_rename", args=[second.pk]), {"name": "甲"}).status_code == 409
    with pytest.raises(IntegrityError), transaction.atomic():
        SavedView.objects.filter(pk=second.pk).update(name="甲")
    with pytest.raises(IntegrityError), transaction.atomic():
        SavedView.objects.filter(pk=second.pk).update(name="")


def test_a_menu_holds_twenty(cast, monkeypatch):
    monkeypatch.setattr(saved, "MOST", 2)
    for name in ("甲", "乙", "乙"):
        saved.save_view(by=cast.officer, list_name="partners", name=name, query="")
    with pytest.raises(Refused):
        saved.save_view(by=cast.officer, list_name="partners", name="丙", query="")
    assert saved.save_view(by=cast.officer, list_name="trips", name="丙", query="")[1]


@pytest.mark.parametrize("name", ["partners", "trips", "events", "told", "people"])
def test_every_narrowed_list_shows_its_views_for_one_query(cast, signed_in, name, django_assert_max_num_queries):
    client, page = signed_in(cast.lead), reverse(LISTS[name].page)
    for number in range(12):
        SavedView.objects.create(owner=cast.lead, list=name, name=f"看法{number:02}", query="")
    assert client.get(page).content.decode().count("看法") == 12
    with django_assert_max_num_queries(15) as many:
        client.get(page)
    asked = [one["sql"] for one in many.captured_queries if "records_savedview" in one["sql"]]
    assert len(asked) == 1
