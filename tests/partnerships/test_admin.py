"""The admin: every model of partnerships and records is listed, searchable, read-only, and query-flat."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from partnerships.models import (
    ActionItem,
    AgreementComment,
    AgreementDocument,
    AgreementPreset,
    AgreementScan,
    AskBudget,
    Assessment,
    AssessmentFinding,
    BulkChange,
    Clause,
    DocumentTemplate,
    HandOver,
    Health,
    HealthMonth,
    Import,
    ImportRow,
    Match,
    Obligation,
    PaperStep,
    Registration,
    Scan,
    ScanPage,
    Seminar,
    SeminarAttendee,
    SeminarFeedback,
    SeminarGuest,
    SeminarSeries,
    Shutdown,
    YearResult,
)
from partnerships.services.seminars import make_feed
from records.links import new_code
from records.models import Event, File, Link, Look, SavedView, Signature
from records.services import look, record
from tests.partnerships.factories import (
    AgreementFactory,
    AskFactory,
    ContactFactory,
    DepartmentFactory,
    EnterpriseFactory,
    FileFactory,
    MessageFactory,
    NeedFactory,
    OfferFactory,
    ProxyEntryFactory,
    SiteFactory,
    TouchpointFactory,
    TripFactory,
    UserFactory,
)

#: Our own models; pghistory's tables of old versions are no pages.
MODELS = [
    model
    for app in ("partnerships", "records")
    for model in apps.get_app_config(app).get_models()
    if not model.__name__.endswith("Event") or model is Event
]
#: What administrators set here.
CONFIGURED = {AskBudget, Clause}
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def rows(count):
    """`count` rows of every model, each with parents of its own."""
    for n in range(count):
        enterprise = EnterpriseFactory(owner=UserFactory())
        site = SiteFactory(enterprise=enterprise)
        ContactFactory(enterprise=enterprise, site=site)
        TouchpointFactory(enterprise=enterprise, trip=TripFactory())
        ProxyEntryFactory(enterprise=enterprise)
        MessageFactory(enterprise=enterprise)
        assessment = Assessment.objects.create(
            enterprise=enterprise, site=site, visited_on=timezone.localdate(), assessors="林薇", conclusion="可以",
            is_suitable=True, written_by=UserFactory(),
        )  # fmt: skip
        AssessmentFinding.objects.create(assessment=assessment, content="hours", text="两班")
        Registration.objects.create(name="恒新", uscc="x", contact_name="赵敏", phone="1", wishes="实习")
        batch = Import.objects.create(name="台账.xlsx", uploaded_by=UserFactory())
        ImportRow.objects.create(
            batch=batch, position=n, sheet="机电", line=3, parsed={}, verdict="new", enterprise=enterprise
        )
        Shutdown.objects.create(enterprise=enterprise, starts_on=timezone.localdate(), ends_on=timezone.localdate())
        _event(enterprise)
        BulkChange.objects.create(action="tier", value={"tier": 2}, by=UserFactory(), outcomes=[])
        figure = {"enterprise": enterprise, "score": 61}
        Health.objects.create(**figure, refreshed_at=timezone.now())
        HealthMonth.objects.create(**figure, month=timezone.localdate().replace(day=1))
        HandOver.objects.create(person=UserFactory(), successor=UserFactory(), by=UserFactory())
        SavedView.objects.create(owner=UserFactory(), list="partners", name="我的")
        agreement = AgreementFactory(enterprise=enterprise)
        AgreementComment.objects.create(agreement=agreement, field="aim", side="school", text="改期", by=UserFactory())
        AgreementPreset.objects.create(name="范本", created_by=UserFactory())
        _paper(agreement, n)
        Obligation.objects.create(
            agreement=agreement, enterprise=enterprise, clause=Clause.objects.create(side="school", text="报告"),
            side="school", text="报告", first_on=agreement.starts_on, due_on=agreement.ends_on, owner=UserFactory(),
        )  # fmt: skip
        need, offer = NeedFactory(enterprise=enterprise), OfferFactory()
        Match.objects.create(need=need, offer=offer, verdict="declined", reason="夜班", decided_by=UserFactory())
        AskFactory(enterprise=enterprise)
        YearResult.objects.create(enterprise=enterprise, year=2026, entered_by=UserFactory())
        Signature.objects.create(
            subject=agreement, side="school", capacity="院长", name="周同", user=UserFactory(), asked_by=UserFactory()
        )
        code = "1" * 8 + BASE58[Link.objects.count() // 50 % 50] + BASE58[Link.objects.count() % 50] + "11"
        link = Link.objects.create(
            code=code, purpose="thread", subject=enterprise, stream=enterprise.pk, created_by=UserFactory(),
            expires_at=timezone.now() + timezone.timedelta(days=1),
        )  # fmt: skip
        record("enterprise.created", subject=enterprise, stream=enterprise.pk, by=UserFactory())
        Look.objects.create(what="page", subject=enterprise, by=UserFactory(), link=link)
        FileFactory(subject=enterprise, uploaded_by=UserFactory())


def _paper(agreement, n):
    """A template, a document made of it, and a step."""
    how = {"nth": DocumentTemplate.objects.count() + 1, "is_active": False, "uploaded_by": UserFactory()}
    template = DocumentTemplate.objects.create(name="模板", **how)
    document = {"agreement": agreement, "nth": 1, "language": "en", "code": new_code(12), "template": template}
    printed = AgreementDocument.objects.create(
        **document, file=FileFactory(), sha256="a" * 64, digest="b" * 64, leaves=2, made_by=UserFactory()
    )
    scan = Scan.objects.create(name="扫描.pdf", uploaded_by=UserFactory())
    ScanPage.objects.create(scan=scan, position=1, fate="found", document=printed, leaf=1, handled_by=UserFactory())
    AgreementScan.objects.create(
        agreement=agreement, scan=scan, document=printed, file=FileFactory(), sha256="a" * 64, is_of_this_text=True,
        filed_by=UserFactory(),
    )  # fmt: skip
    PaperStep.objects.create(agreement=agreement, step="sent", reference="SF1", by=UserFactory())


def _event(enterprise):
    """A seminar of a series with its guest, who signed in and said how it was, an action item, and somebody's calendar."""
    organiser, begins = UserFactory(), timezone.now()
    seminar = Seminar.objects.create(
        series=SeminarSeries.objects.create(rule="FREQ=WEEKLY;COUNT=2", created_by=organiser), title="研讨会",
        starts_at=begins, ends_at=begins + timedelta(hours=2), place="报告厅", organiser=organiser,
        department=DepartmentFactory(),
    )  # fmt: skip
    guest = SeminarGuest.objects.create(seminar=seminar, enterprise=enterprise, invited_by=organiser)
    SeminarAttendee.objects.create(seminar=seminar, enterprise=enterprise, name="钱波", source="qr")
    SeminarFeedback.objects.create(guest=guest, useful=4, given_by=organiser, given_name="钱波")
    ActionItem.objects.create(
        seminar=seminar, text="写标准", side="school", owner=organiser, due_on=timezone.localdate()
    )  # fmt: skip
    make_feed(organiser)


def page_of(model, name="changelist", *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


def test_every_model_is_registered_and_described():
    for model in MODELS:
        page = admin.site._registry[model]
        assert len(page.list_display) > 2, model
        assert page.search_fields, model
        assert not page.raw_id_fields, model


@pytest.mark.parametrize("model", MODELS)
def test_lists_are_flat_and_searchable(cast, signed_in, model):
    client = signed_in(cast.administrator)
    rows(1)
    client.get(page_of(model))
    with CaptureQueriesContext(connection) as few:
        assert client.get(page_of(model)).status_code == 200
    rows(4)
    with CaptureQueriesContext(connection) as many:
        assert client.get(page_of(model)).status_code == 200
    assert len(many) == len(few), "\n".join(query["sql"][:160] for query in many)
    assert client.get(page_of(model), {"q": "恒"}).status_code == 200
    for kind in admin.site._registry[model].list_filter:
        name = kind if isinstance(kind, str) else kind[0]
        assert name in client.get(page_of(model)).content.decode(), name


@pytest.mark.parametrize("model", [model for model in MODELS if model not in CONFIGURED])
def test_nothing_is_written_here(cast, signed_in, model):
    client = signed_in(cast.administrator)
    rows(1)
    row = model._base_manager.latest("pk")
    assert client.get(page_of(model, "change", row.pk)).status_code == 200
    for response in (
        client.get(page_of(model, "add")),
        client.post(page_of(model, "change", row.pk), {}),
        client.post(page_of(model, "delete", row.pk), {"post": "yes"}),
    ):
        assert response.status_code == 403
    assert model._base_manager.filter(pk=row.pk).exists()


def test_the_limit_of_asks_is_set_here_with_an_event(cast, signed_in):
    client, budget = signed_in(cast.administrator), AskBudget.objects.get(tier=2)
    page = page_of(AskBudget, "change", budget.pk)
    assert client.post(page, {"tier": 2, "most": 5, "days": 30}).status_code == 302
    budget.refresh_from_db()
    assert (budget.most, budget.days) == (5, 30)
    assert Event.objects.get(kind="ask.budget_changed").by == cast.administrator
    assert "1 to 50 asks" in client.post(page, {"tier": 2, "most": 0, "days": 30}).content.decode()
    assert client.post(page_of(AskBudget, "delete", budget.pk), {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("who", ["lead", "officer", "teacher", "hr", "disabled"])
def test_only_administrators_enter(cast, signed_in, who):
    assert signed_in(getattr(cast, who)).get(page_of(File)).status_code == 302


def test_codes_of_links_stay_hidden(cast, signed_in):
    rows(1)
    link = Link.objects.get()
    look("page", subject=cast.a, link=link)
    client = signed_in(cast.administrator)
    for address in (page_of(Link), page_of(Link, "change", link.pk), page_of(Look)):
        assert link.code not in client.get(address).content.decode()


def test_clauses_are_kept_here(cast, signed_in):
    client, typed = (
        signed_in(cast.administrator),
        {"side": "school", "text": "举办交流活动", "every_months": 12, "after_days": 0},
    )
    wrong = client.post(page_of(Clause, "add"), typed | {"counter": "seminars"})
    assert wrong.status_code == 200
    assert (
        client.post(
            page_of(Clause, "add"), typed | {"counter": "spoons", "count_from": "seminars_per_year"}
        ).status_code
        == 200
    )
    assert not Clause.objects.exists()
    assert (
        client.post(
            page_of(Clause, "add"), typed | {"counter": "seminars", "count_from": "seminars_per_year"}
        ).status_code
        == 302
    )
    clause = Clause.objects.get()
    assert (clause.counter, clause.is_active) == ("seminars", False)
    assert client.post(page_of(Clause, "change", clause.pk), typed | {"is_active": "on"}).status_code == 302
    clause.refresh_from_db()
    assert clause.is_active
    assert client.post(page_of(Clause, "delete", clause.pk), {"post": "yes"}).status_code == 403
    assert list(Event.objects.filter(kind__startswith="clause.").order_by("pk").values_list("kind", "by")) == [
        ("clause.added", cast.administrator.pk), ("clause.changed", cast.administrator.pk)
    ]  # fmt: skip
