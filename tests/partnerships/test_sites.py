"""The places where an enterprise's people work."""

import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone, translation

from partnerships.models import Site
from partnerships.services.enterprises import Conflict
from partnerships.services.sites import add_site, change_site, close_site, reopen_site
from policies.models import Region
from records.models import Event
from records.workflow import NotAllowed, Refused
from tests.partnerships.browser import form_data
from tests.partnerships.factories import SiteFactory


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def url(name, *args):
    return reverse(f"partnerships:{name}", args=args)


@pytest.fixture
def site(cast):
    return SiteFactory(enterprise=cast.a, name="一号厂房")


def test_added_once(cast):
    key = uuid.uuid4()
    site = add_site(cast.a, by=cast.officer, name="二号厂房", capacity=12, form_key=key)
    assert add_site(cast.a, by=cast.officer, name="二号厂房", form_key=key) == site
    assert Event.objects.of(site).get().data == {"name": "二号厂房"}
    with pytest.raises(ValidationError):
        add_site(cast.a, by=cast.officer, name="")
    with pytest.raises(TypeError):
        add_site(cast.a, by=cast.officer, name="x", closed_on=timezone.localdate())


def test_changed_closed_and_opened_again(cast, site):
    changed = change_site(site, by=cast.officer, version=0, changes={"capacity": 6, "kind": "shop"})
    assert Event.objects.of(site).latest("pk").data == {
        "changes": {"capacity": ["", "6"], "kind": ["workshop", "shop"]},
        "name": "一号厂房",
    }
    with pytest.raises(Conflict):
        change_site(site, by=cast.officer, version=0, changes={"capacity": 7})
    close_site(changed, by=cast.officer, closed_on=timezone.localdate())
    with pytest.raises(Refused):
        close_site(changed, by=cast.officer, closed_on=timezone.localdate())
    reopen_site(changed, by=cast.officer)
    with pytest.raises(Refused):
        reopen_site(changed, by=cast.officer)
    kinds = Event.objects.of(site).order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["site.changed", "site.closed", "site.reopened"]


@pytest.mark.parametrize("who", ["other_officer", "teacher", "hr", "stranger_hr", "disabled"])
def test_who_may_not_write(cast, site, who):
    by = getattr(cast, who)
    with pytest.raises(NotAllowed):
        add_site(cast.a, by=by, name="x")
    with pytest.raises(NotAllowed):
        change_site(site, by=by, version=0, changes={"name": "x"})
    with pytest.raises(NotAllowed):
        close_site(site, by=by, closed_on=timezone.localdate())
    with pytest.raises(NotAllowed):
        reopen_site(site, by=by)


def test_in_the_browser(cast, signed_in):
    client = signed_in(cast.officer)
    page = url("site_new", cast.a.pk)
    hangzhou = Region.objects.get(code="330100")
    data = form_data(client.get(page)) | {"name": "萧山厂房", "region": hangzhou.pk, "capacity": "12"}
    assert client.post(page, data).headers["Location"].endswith("#sites")
    site = Site.objects.get(name="萧山厂房")
    assert (site.region, site.capacity) == (hangzhou, 12)
    edit = url("site_edit", site.pk)
    typed = form_data(client.get(edit)) | {"safety": "冲压机需双手按钮"}
    change_site(site, by=cast.lead, version=0, changes={"safety": "有粉尘"})
    conflict = client.post(edit, typed)
    assert conflict.status_code == 409
    assert "有粉尘" in conflict.content.decode()
    assert client.post(edit, form_data(conflict)).status_code == 302
    close = url("site_close", site.pk)
    future = form_data(client.get(close)) | {"closed_on": str(timezone.localdate() + timedelta(days=2))}
    assert client.post(close, future).status_code == 422
    assert client.post(close, form_data(client.get(close))).status_code == 302
    assert client.post(url("site_reopen", site.pk)).status_code == 302
    site.refresh_from_db()
    assert (site.safety, site.closed_on) == ("冲压机需双手按钮", None)


@pytest.mark.parametrize("capacity", ["-1", "viele", "9" * 30])
def test_what_the_form_refuses_stays_typed(cast, signed_in, capacity):
    client = signed_in(cast.officer)
    page = url("site_new", cast.a.pk)
    response = client.post(page, form_data(client.get(page)) | {"name": "萧山厂房", "capacity": capacity})
    assert response.status_code == 422
    assert capacity in response.content.decode()
    assert "萧山厂房" in response.content.decode()


@pytest.mark.parametrize("name", ["site_edit", "site_close", "site_reopen"])
@pytest.mark.parametrize(
    ("who", "status"), [("other_officer", 403), ("hr", 403), ("teacher", 404), ("stranger_hr", 404), (None, 302)]
)
def test_who_may_not_open_the_forms(cast, site, signed_in, name, who, status):
    client = signed_in(getattr(cast, who) if who else None)
    assert client.post(url(name, site.pk)).status_code == status
