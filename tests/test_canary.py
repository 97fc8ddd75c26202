"""Nobody reads what is not theirs: every text of the stage carries a canary, and everybody's eyes look for others'."""

import base64
import json
from collections import Counter
from contextlib import contextmanager

import pytest
from django.apps import apps
from django.core import mail
from django.db import transaction
from django.urls import reverse

from accounts.mails import send_invitation_mail
from partnerships.models import Contact, Enterprise, Import, Message, Touchpoint
from records.models import File
from reports.lists import LISTS
from tests.access import ADMIN, ask, form, names_of, of_admin, standing_stage
from tests.canary import FOREIGN, Reader
from tests.stage import SCHOOL, A, B, word_fields
from tests.test_access import ROWS

pytestmark = pytest.mark.django_db

OURS = [
    model
    for app in ("records", "partnerships", "reports")
    for model in apps.get_app_config(app).get_models()
    if model.__name__ == "Event" or not model.__name__.endswith("Event")  # tables of history repeat their row
]
#: Who reads by following links, and who is also given every address, with the objects of which enterprise.
READERS = ["hr", "stranger_hr", "hr_of_both", "former_hr", "teacher", "anonymous", "officer"]
SHOWN = {"hr": "b", "stranger_hr": "a", "officer": "a"}


@pytest.fixture(scope="module")
def stage(django_db_setup, django_db_blocker):
    with standing_stage(django_db_blocker) as standing:
        yield standing


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_every_text_of_the_stage_carries_a_canary(stage, model):
    """A text field that is new and not filled here would never be missed."""
    texts = Counter()
    for row in model._base_manager.all():
        for field in word_fields(model):
            texts[field.name] += any(canary in str(getattr(row, field.name)).lower() for canary in (A, B, SCHOOL))
    assert model._base_manager.exists()
    assert {field.name for field in word_fields(model)} == {name for name, count in texts.items() if count}


# --- reading everything ------------------------------------------------------------------------------------------


def everything(stage, member):
    """What one person finds by links, and HR staff by the addresses of the other enterprise's objects too."""
    reader = Reader(stage, member).crawl()
    if member in SHOWN:
        reader.visit(ROWS, getattr(stage, SHOWN[member]))
    return reader


def test_everybody_reads_their_own_and_nothing_else(stage, record_property):
    """One test, so that the counts are of the whole: what was read must be everything the site has."""
    readers = [everything(stage, member) for member in READERS]
    administrator = Reader(stage, "administrator")
    for name, pattern in ADMIN:
        administrator.get(of_admin(name, pattern)[0])
    administrator.get("/admin/login/")
    mails = read_mails(stage)
    counts = sum((reader.read for reader in [*readers, administrator]), Counter(mails=len(mails)))
    names = set().union(*(reader.names for reader in [*readers, administrator]))
    known = {name for name, pattern in names_of() if pattern.name} - {"admin:login"}  # ours stands before it
    summary = f"{len(names)} of {len(known)} addresses; " + ", ".join(
        f"{n} {what}" for what, n in sorted(counts.items())
    )
    record_property("read", summary)
    print(summary)

    assert not [leak for reader in readers for leak in reader.leaks]
    assert not [fault for reader in [*readers, administrator] for fault in reader.faults]
    assert known <= names, known - names
    assert counts["exports"] >= 2
    assert counts["files"] >= 10
    assert counts["mails"] >= 4
    # the eyes are open: each finds what is theirs
    found = {reader.member: reader.found for reader in readers}
    assert min(found["officer"][canary] for canary in (A, B, SCHOOL)) > 5
    assert found["hr"][A] > 10
    assert found["stranger_hr"][B] > 10
    assert min(found["hr_of_both"][canary] for canary in (A, B)) > 10


def read_mails(stage):
    """Have every mail there is sent, and look for canaries that are not the receiver's."""
    mail.outbox.clear()
    with transaction.atomic():
        for side in (stage.a, stage.b):
            send_invitation_mail(side.invitation)
        for person in (stage.cast.hr, stage.cast.stranger_hr):
            for name, field in (("account_request_login_code", "email"), ("account_reset_password", "email")):
                ask(stage.clients["anonymous"], "post", reverse(name), {field: person.email})
        transaction.set_rollback(True)
    for letter in mail.outbox:
        text = f"{letter.subject}\n{letter.body}\n{letter.to}".lower()
        own = A if A in str(letter.to).lower() else B
        assert not [canary for canary in {A, B, SCHOOL} - {own} if canary in text], text
    return list(mail.outbox)


# --- by links ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mine", "theirs"), [("a", "b"), ("b", "a")])
def test_a_link_shows_its_enterprise_and_nothing_else(stage, mine, theirs):
    mine, theirs = getattr(stage, mine), getattr(stage, theirs)
    reader = Reader(stage, "anonymous")
    rows = [row for row in ROWS if row.arguments and row.arguments[0] in ("code", "dead_code", "invitation_code")]
    reader.visit(rows, mine).send(rows, mine)
    shown = reverse("partnerships:link", args=[stage.cast.a.messages.model._meta.apps.get_model("records.Link")
                                               .objects.get(pk=mine.shown).code])  # fmt: skip
    reader.get(shown, {mine.canary})
    for code in (mine.agreement_code, mine.obligation_code, mine.ending_code):
        reader.get(reverse("partnerships:link", args=[code]), {mine.canary})
    reader.get(reverse("partnerships:link", args=["1" * 14]))
    for name in ("link_picture", "link_file"):
        for pk in File.objects.exclude(pk__in=[mine.asked_picture, mine.asked_document]).values_list("pk", flat=True):
            reader.get(reverse(f"partnerships:{name}", args=[mine.code, pk]), {mine.canary})
    assert not reader.leaks
    assert not reader.faults
    assert reader.found[mine.canary] > 2
    assert not reader.found[theirs.canary]


# --- files -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("member", [member for member in FOREIGN if FOREIGN[member]])
def test_no_file_goes_to_somebody_it_is_not_for(stage, member):
    reader = Reader(stage, member)
    opened = 0
    for file in File.objects.all():
        for name in ("file", "file_picture"):
            opened += reader.get(reverse(f"partnerships:{name}", args=[file.key])).letter == "o"
    assert not reader.leaks
    assert not reader.faults
    assert bool(opened) == (member in ("hr", "colleague_hr", "hr_of_both", "stranger_hr"))


# --- by address --------------------------------------------------------------------------------------------------


def cursor(*values):
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "page", ["portal_partnership", "portal_thread", "portal_team", "portal_company", "portal_home"]
)
def test_what_an_address_asks_for_stays_within_the_enterprise(stage, page):
    """Cursors, sorts, filters and searches made up with the keys and ids of the other enterprise."""
    reader, path = Reader(stage, "hr"), reverse(f"partnerships:{page}", args=[stage.a.enterprise])
    message = Message.objects.get(pk=stage.b.message)
    keys = [cursor(str(message.written_at), message.pk), cursor("9999-01-01T00:00:00Z", 10**9), cursor("x"), "%%%"]
    ids = [stage.b.enterprise, "宁波远洋"]
    asked = [f"{place}={key}" for place in ("after", "before") for key in keys]
    asked += [f"{name}={value}" for name in ("enterprise", "q", "show", "answers") for value in ids]
    asked += ["end=1", "sort=-pk", "sort=enterprise__name", "show=changes", "month=2026-01&show=all", "as=school"]
    for query in asked:
        for headers in ({}, {"HX-Request": "true"}) if page in ("portal_partnership", "portal_thread") else ({},):
            assert reader.get(f"{path}?{query}", **headers).status == 200
    assert not reader.leaks
    assert not reader.faults
    assert reader.found[A] == reader.read["requests"]


def test_hr_staff_narrow_no_list_of_the_school(stage):
    reader = Reader(stage, "hr")
    lists = [
        reverse(f"partnerships:{name}") for name in ("enterprise_list", "trip_list", "import_list", "registration_list")
    ]
    for path in [*lists, *(reverse("reports:list_export", args=[name]) for name in LISTS)]:
        for query in (
            "",
            "?q=宁波远洋",
            f"?owner={stage.cast.officer.pk}",
            "?sort=-contact&end=1",
            "?mine=true&state=active",
        ):
            assert reader.get(path + query).letter == "f"
    assert not reader.leaks


# --- by hidden fields --------------------------------------------------------------------------------------------


def fingerprint(side):
    """Everything kept about one enterprise."""
    rows = [list(Enterprise.objects.filter(pk=side.enterprise).values())]
    for model in OURS:
        fields = {field.name for field in model._meta.get_fields()}
        if "enterprise" in fields:
            rows.append(list(model._base_manager.filter(enterprise=side.enterprise).order_by("pk").values()))
        elif "stream" in fields:
            rows.append(list(model._base_manager.filter(stream=side.enterprise).order_by("pk").values()))
    return rows


def key_of(model, pk):
    return str(model.objects.values_list("form_key", flat=True).get(pk=pk))


#: Who sends what under the address of A with something of B in it -> the answer.
SMUGGLED = {
    "a site of B for a contact": ("officer", "contact_edit", lambda b: {"site": b.site}, "u"),
    "a site of B for a new contact": ("officer", "contact_new", lambda b: {"site": b.site}, "u"),
    "a site of B for an assessment": ("officer", "assessment_new", lambda b: {"site": b.site}, "u"),
    "people of B at an exchange": ("officer", "touchpoint_new", lambda b: {"contacts": [b.contact]}, "u"),
    "a contact of B for a link": ("officer", "link_hand_out", lambda b: {"contact": b.contact}, "u"),
    "a question to B for a link": ("officer", "link_hand_out", lambda b: {"message": b.message}, "u"),
    "an answer to a question to B": ("hr", "portal_thread", lambda b: {"answers": b.message}, "r"),
    "the form of a message of B": ("hr", "portal_thread", lambda b: {"form_key": key_of(Message, b.message)}, "c"),
    "the form of a colleague of B": (
        "hr", "portal_colleague_new", lambda b: {"form_key": key_of(Contact, b.contact)}, "u"
    ),
    "the form of an exchange of B": (
        "hr", "portal_touchpoint_new", lambda b: {"form_key": key_of(Touchpoint, b.touchpoint)}, "c"
    ),
    "the form of another officer's list": (
        "other_officer", "import_new",
        lambda b: {"form_key": str(Import.objects.exclude(uploaded_by=b.officer).first().form_key)}, "c",
    ),
    "a person of B as sender": ("anonymous", "link", lambda b: {"who": b.contact, "name": ""}, "u"),
    "a message of B through a link": ("anonymous", "link", lambda b: {"form_key": key_of(Message, b.message)}, "c"),
}  # fmt: skip


@pytest.mark.parametrize("case", SMUGGLED)
def test_ids_of_another_enterprise_in_a_form_do_nothing(stage, case):
    member, name, smuggle, expected = SMUGGLED[case]
    row = next(row for row in ROWS if row.name == f"partnerships:{name}")
    before = fingerprint(stage.b)
    reader = Reader(stage, member)
    data = form(row.name, stage.a) | smuggle(stage.b)
    with sent(stage, member, row.path(stage.a), data) as letter:
        assert fingerprint(stage.b) == before
        assert letter == expected
    reader.post(row.path(stage.a), data, {A})
    assert not reader.leaks
    assert not reader.faults


#: What HR staff may not write, whatever else they send with a form of theirs.
WRITTEN_ALONG = {
    "portal_company": {"name": "X", "tier": 3, "state": "ended", "owner": "", "uscc": "X", "registry": "normal", "listed": ""},
    "portal_site": {"name": "X", "enterprise": "B", "closed_on": "2026-01-01", "kind": "seat"},
    "portal_colleague": {"note": "X", "is_keeper": "on", "left_on": "2026-01-01", "enterprise": "B", "signs": "on"},
    "portal_touchpoint_new": {"private_note": "X", "side": "school", "trip": "1", "logged_name": "X", "agreed": "X"},
    "portal_thread": {"side": "school", "author": "1", "author_name": "X", "via": "1", "written_at": "2020-01-01"},
}  # fmt: skip


@pytest.mark.parametrize("name", WRITTEN_ALONG)
def test_fields_that_are_not_on_the_form_are_not_written(stage, name):
    row = next(row for row in ROWS if row.name == f"partnerships:{name}")
    written = {"portal_company": Enterprise, "portal_site": stage.cast.a.sites.model, "portal_colleague": Contact,
               "portal_touchpoint_new": Touchpoint, "portal_thread": Message}[name]  # fmt: skip
    extra = WRITTEN_ALONG[name]
    words = {key: stage.b.enterprise if value == "B" else value for key, value in extra.items()}
    before = {pk: values for pk, *values in written.objects.values_list("pk", *extra)}
    with sent(stage, "hr", row.path(stage.a), form(row.name, stage.a) | words) as letter:
        assert letter == "r"
        after = {pk: values for pk, *values in written.objects.values_list("pk", *extra)}
        new = [dict(zip(extra, after[pk], strict=True)) for pk in set(after) - set(before)]
        assert {pk: after[pk] for pk in before} == before
    for values in new:
        assert values["side"] == "enterprise"
        assert not [key for key, value in values.items() if str(value) == str(words[key])]


@contextmanager
def sent(stage, member, path, data):
    """Send a form and keep what it did until the end of the block; gives the letter of the answer."""
    with transaction.atomic():
        try:
            response = stage.clients[member].post(path, data)
            yield {302: "r", 404: "n", 403: "f", 409: "c", 422: "u"}.get(response.status_code, "?")
        finally:
            transaction.set_rollback(True)
