"""The demonstration data: complete, the same on the same day, and only for an empty database."""

import io
from collections import Counter
from datetime import date, datetime, timedelta

import pytest
from django.apps import apps
from django.conf import settings
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone, translation

from accounts.models import Department, Role, User
from partnerships.health.part import parts
from partnerships.health.statement import figures, watched
from partnerships.models import (
    Agreement,
    AgreementComment,
    AgreementPreset,
    Ask,
    Assessment,
    Contact,
    Enterprise,
    Health,
    HealthMonth,
    Import,
    ImportRow,
    Match,
    Message,
    Need,
    Obligation,
    Offer,
    ProxyEntry,
    Registration,
    Site,
    Touchpoint,
    Trip,
    YearResult,
)
from partnerships.models.seminar import Seminar, SeminarFeedback, SeminarGuest
from partnerships.models.touchpoint import Precision
from partnerships.rules.codes import read_uscc
from partnerships.rules.rhythm import Rhythm, rhythm
from partnerships.services.agreements.signing import differing_counts
from partnerships.services.agreements.terms import differing_terms
from partnerships.services.asks import room_of
from partnerships.services.health import differing_health
from partnerships.services.merging import suspected_pairs
from partnerships.services.thread import waiting_for
from partnerships.services.touchpoints import check_last_contact
from partnerships.succession import dependence_of, holdings_of
from partnerships.suggestions import partners_for
from records.models import Event, File, Link, Side, Signature
from reminders.models import Delivery, SpecialDay, Switch, Task, Vacation
from reminders.services import to_forward
from reports.demo import story

pytestmark = pytest.mark.django_db
NOW = timezone.make_aware(datetime(2026, 11, 20, 10, 15))


@pytest.fixture(scope="module")
def _seeded(django_db_setup, django_db_blocker, tmp_path_factory):
    """One seeded database for all tests of this file, taken back at its end."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch, transaction.atomic():
        patch.setattr(settings, "FILES_DIR", tmp_path_factory.mktemp("files"))
        story.seed(NOW)
        yield
        transaction.set_rollback(True)


@pytest.fixture
def demo(_seeded, db):
    """The seeded database; what a test changes is taken back after it."""


def values(model, field):
    return set(model.objects.values_list(field, flat=True))


def portrait():
    """What a visitor could compare: counts, names and words."""
    counts = {
        model._meta.label: model.objects.count()
        for model in apps.get_models()
        if model._meta.app_label in ("accounts", "partnerships", "records", "reminders")
    }
    names = list(Enterprise.objects.order_by("pk").values_list("name", "uscc", "state", "legal_representative"))
    said = list(Touchpoint.objects.order_by("pk").values_list("happened_at", "kind", "summary", "agreed"))
    written = list(Message.objects.order_by("pk").values_list("side", "body"))
    people = list(Contact.objects.order_by("pk").values_list("name", "honorific", "phones"))
    return counts, names, said, written, people


class TestWhole:
    def test_the_school(self, demo):
        roles = Counter(User.objects.exclude(role=Role.HR).values_list("role", flat=True))
        assert sum(roles.values()) == 12
        assert set(roles) == {"administrator", "lead", "officer", "teacher", "counsellor"}
        assert not User.objects.exclude(role=Role.HR).filter(name_en="").exists()
        assert Department.objects.count() == 6

    def test_eighty_enterprises_with_their_people(self, demo):
        assert Enterprise.objects.count() == 80
        assert Enterprise.objects.exclude(name_en="").count() >= 78
        assert all(read_uscc(code)[0] == code for code in values(Enterprise, "uscc") - {""})
        assert not Enterprise.objects.filter(region=None).exclude(registrations__isnull=False).exists()
        without_email = Contact.objects.filter(email="").count()
        assert Contact.objects.count() / 2 < without_email < Contact.objects.count() * 0.8
        assert not Contact.objects.filter(honorific="").exclude(enterprise__registrations__isnull=False).exists()

    def test_every_state_and_kind_appears(self, demo):
        assert values(Enterprise, "state") == set(Enterprise.State.values)
        assert values(Enterprise, "relation") == set(Enterprise.Relation.values)
        assert values(Enterprise, "tier") == set(Enterprise.Tier.values)
        assert values(Enterprise, "registry") == set(Enterprise.Registry.values)
        assert values(Enterprise, "kinship") == {"", "branch", "subsidiary"}
        assert values(Touchpoint, "kind") == set(Touchpoint.Kind.values)
        assert values(Touchpoint, "precision") == set(Precision.values)
        assert values(Touchpoint, "is_two_way") == {True, False}
        assert values(Site, "kind") == set(Site.Kind.values)
        assert values(ProxyEntry, "source") == set(ProxyEntry.Source.values)
        assert values(Registration, "state") == set(Registration.State.values)
        assert values(Import, "state") >= {"preview", "applied", "discarded"}
        waiting = ImportRow.objects.filter(batch__state="preview")
        assert set(waiting.values_list("verdict", flat=True)) == set(ImportRow.Verdict.values)
        assert Assessment.objects.exists()

    def test_two_years_of_contacts(self, demo):
        days = values(Touchpoint, "happened_at")
        assert max(days) <= NOW
        assert (NOW - min(days)).days > 700
        per_partner = Counter(Touchpoint.objects.values_list("enterprise", flat=True))
        assert max(per_partner.values()) > 4 * min(per_partner.values())
        assert max(trip.touchpoints.count() for trip in Trip.objects.all()) >= 3
        assert File.objects.filter(media_type="image/jpeg").count() >= 5
        assert not Event.objects.filter(happened_at__gt=NOW).exists()

    def test_both_sides_have_something_to_do(self, demo):
        entries = ProxyEntry.objects.all()
        assert entries.filter(checked_at=None).exists()
        assert entries.exclude(correction="").exists()
        assert waiting_for(Side.SCHOOL).exists()
        assert waiting_for(Side.ENTERPRISE).exists()
        assert Message.objects.filter(via__isnull=False, author_name="钱师傅").exists()
        assert Link.objects.filter(answered_at=None, withdrawn_at=None, expires_at__gt=NOW).exists()
        assert Link.objects.filter(renewal_asked_at__isnull=False).exists()
        assert [pair[1].name for pair in suspected_pairs(Enterprise.objects.all())] == ["云屿软件（杭州）有限公司"]

    def test_members(self, demo):
        seated = Contact.objects.members()
        assert len(set(seated.values_list("enterprise", flat=True))) >= 12
        assert max(Counter(seated.values_list("user", flat=True)).values()) == 2
        keepers = seated.filter(is_keeper=True)
        assert keepers.count() == len(set(seated.values_list("enterprise", flat=True)))

    def test_the_stored_last_contact_is_that_of_the_rows(self, demo):
        assert not check_last_contact().exists()

    def test_the_stored_health_is_that_of_each_partnership_by_itself(self, demo):
        stored = {row.pk: (row.score, row.parts) for row in Health.objects.all()}
        alone = {}
        for enterprise in watched():
            alone |= figures(Enterprise.objects.filter(pk=enterprise.pk), NOW.date())
        assert stored == alone
        assert differing_health() == []
        assert {part.name for part in parts()} <= {name for _score, found in stored.values() for name in found}

    def test_the_health_has_a_year_behind_it(self, demo):
        months = sorted(values(HealthMonth, "month"))
        assert len(months) == 12
        assert (months[0], months[-1]) == (date(2025, 12, 1), date(2026, 11, 1))
        first = Enterprise.objects.get(short_name="砺锋精密")
        assert first.health_months.count() == 12
        assert len(set(first.health_months.values_list("score", flat=True))) > 1

    def test_events_past_and_to_come(self, demo):
        past = Seminar.objects.get(starts_at__lt=NOW, organiser__name="林薇")
        assert past.state == "closed"
        assert past.minutes
        assert past.attendees.filter(enterprise=None).count() == 1
        assert past.attendees.exclude(enterprise=None).count() == 3
        assert SeminarFeedback.objects.filter(guest__seminar=past).count() == 3
        assert past.guests.filter(attended=True).count() == 3
        assert Seminar.objects.filter(starts_at__gt=NOW, series__isnull=False).count() == 4
        assert SeminarGuest.objects.filter(seminar__starts_at__gt=NOW).exclude(number_plate="").exists()
        open_items = past.items.filter(done_at=None)
        assert sorted(open_items.values_list("side", flat=True)) == ["enterprise", "school"]
        assert past.items.exclude(done_at=None).get().owner.name == "林薇"
        waiting = Task.objects.open().filter(rule="seminar_item", subject_id__in=open_items.values("pk"))
        assert sorted(waiting.values_list("side", flat=True)) == ["enterprise", "school"]

    def test_agreements_in_every_state(self, demo):
        assert values(Agreement, "state") == set(Agreement.State.values)
        amended = Agreement.objects.get(amendments__nth=2)
        assert sorted(amended.amendments.values_list("nth", "state")) == [
            (1, "in_force"), (2, "in_force"), (3, "draft"),
        ]  # fmt: skip
        today = timezone.localdate(NOW)
        near = Agreement.objects.bases().in_force().filter(effective_until__lte=today + timedelta(days=30))
        assert [(row.effective_until - today).days for row in near] == [20]
        open_ones = AgreementComment.objects.filter(resolved_at=None, agreement__state="review")
        assert sorted(open_ones.values_list("side", flat=True)) == ["enterprise", "school"]
        assert not differing_terms(today)
        assert not differing_counts()
        ways = set(Signature.objects.filter(state="signed").values_list("way", flat=True))
        assert ways == {"screen", "paper"}
        assert {"asked", "refused"} <= values(Signature, "state")
        assert AgreementPreset.objects.count() == 3

    def test_needs_offers_and_asks_in_every_state(self, demo):
        assert values(Need, "state") == set(Need.State.values)
        assert values(Need, "kind") == set(Need.Kind.values)
        assert values(Offer, "kind") == set(Offer.Kind.values)
        assert Offer.objects.values("department").distinct().count() == 5
        assert values(Match, "verdict") == set(Match.Verdict.values)
        assert values(Ask, "state") == set(Ask.State.values)
        assert values(Ask, "kind") == set(Ask.Kind.values)
        full = Enterprise.objects.get(short_name="宏轸轴承")
        assert room_of(full, timezone.localdate(NOW)).is_full
        assert full.asks.exclude(over_budget_because="").get().asked_by.role == "lead"
        wish = Need.objects.of_school().get()
        assert len(partners_for(wish, today=timezone.localdate(NOW))) == 10

    def test_a_month_of_reminders(self, demo):
        told = Delivery.objects.all()
        assert Switch.objects.get(rule="gap").mode == "on"
        assert set(told.filter(channel="hand").values_list("state", flat=True)) >= {
            "forward", "copied", "sent", "opened", "answered", "cancelled",
        }  # fmt: skip
        lin = User.objects.get(name="林薇")
        assert 10 <= to_forward(lin, now=NOW).count() <= 40
        assert not told.filter(channel="hand", state="forward", link=None).exists()
        assert told.filter(channel="mail", state="failed").count() == told.filter(may_be_double=True).count() == 1
        assert Task.objects.awake(NOW.date()).filter(rule="gap", owner=lin, side="school").count() < 12
        put_off = Task.objects.open().filter(owner=lin, snoozed_until__gt=NOW.date())
        assert put_off.count() == 1
        assert put_off.get().snooze_reason
        assert Task.objects.open().filter(is_held=True).exists()
        assert Task.objects.filter(state="done").exists()
        assert not Task.objects.filter(closed_at__gt=NOW).exists()
        assert not told.filter(finished_at__gt=NOW).exists()
        assert Vacation.objects.count() == 4
        assert SpecialDay.objects.exists()
        assert not mail.outbox

    def test_partners_in_every_rhythm(self, demo):
        watched = Enterprise.objects.current().partners().filter(state="active")
        rhythms = Counter()
        for enterprise in watched:
            last = timezone.localdate(enterprise.last_contact_at) if enterprise.had_contact else None
            rhythms[rhythm(last, NOW.date(), enterprise.cadence)] += 1
        assert set(rhythms) == set(Rhythm)
        assert rhythms[Rhythm.FRESH] > watched.count() / 3
        assert watched.exclude(cadence_days=None).count() == 2
        assert 3 <= watched.filter(messages_automatic=True).count() < watched.count() / 5

    def test_nobody_can_sign_in_with_a_password(self, demo):
        assert not [user for user in User.objects.all() if user.has_usable_password()]


def test_every_demonstration_account_has_a_home(demo):
    accounts = User.objects.filter(is_demo=True)
    assert Counter(accounts.values_list("role", flat=True)) == {
        "administrator": 1, "lead": 1, "officer": 2, "teacher": 1, "counsellor": 1, "hr": 2,
    }  # fmt: skip
    for account in accounts:
        client = Client()
        client.force_login(account)
        page = client.get("/", follow=True)
        assert page.status_code == 200, account
        assert page.redirect_chain, account


def test_promises_stand_in_every_state_and_are_late_on_both_sides_of_one_partner(demo):
    firm, today = Enterprise.objects.get(short_name="砺锋精密"), NOW.date()
    late = Obligation.objects.late(today)
    assert set(late.filter(enterprise=firm).values_list("side", flat=True)) == {"school", "enterprise"}
    assert late.count() == 2
    assert set(Obligation.objects.values_list("state", flat=True)) == {"open", "kept", "waived", "breached"}
    assert Obligation.objects.filter(state="kept", files__isnull=False, enterprise=firm).exists()
    assert Obligation.objects.filter(state="kept", proxy__isnull=False).exists()
    assert Obligation.objects.with_happened().filter(counter="seminars", happened__gt=0).exists()
    assert Obligation.objects.filter(is_beyond_term=True).exists()
    tasks = Task.objects.open().filter(stream=firm.pk)
    assert set(tasks.filter(rule="obligation").values_list("side", flat=True)) == {"school", "enterprise"}
    assert tasks.filter(rule="agreement_end").exists()
    years = set(firm.results.values_list("kind", "year"))
    assert years == {("school", 2024), ("school", 2025), ("calendar", 2025)}
    assert YearResult.objects.filter(donated__gt=0).exists()


def test_it_refuses_politely_where_people_are(demo):
    out = io.StringIO()
    before = Enterprise.objects.count()
    call_command("seed_demo", stdout=out)
    assert "only for an empty one" in out.getvalue()
    assert Enterprise.objects.count() == before


def test_the_same_day_tells_the_same_story(demo):
    first = portrait()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "TRUNCATE accounts_user, accounts_department, partnerships_enterpriseevent, partnerships_contactevent, "
            "partnerships_agreementevent, partnerships_obligationevent, partnerships_clause, partnerships_yearresultevent CASCADE"
        )
    assert not Event.objects.exists()
    story.seed(NOW.replace(hour=17))
    for before, after in zip(first, portrait(), strict=True):
        assert before == after


@pytest.mark.parametrize("text", ["enterprises", "enterprises=", "enterprises=many", "rows=5", "touchpoints=-1"])
def test_a_size_that_is_none_is_refused_before_anything_is_written(db, text):
    before = User.objects.count()  # other tests of this file share a seeded database
    with pytest.raises(CommandError, match="is no size"):
        call_command("seed_demo", "--scale", text)
    assert User.objects.count() == before


def test_somebody_is_about_to_leave_and_a_partnership_hangs_on_one_person(demo):
    ye = User.objects.get(email="ye.qing@qinglan.example")
    with translation.override("en"):
        held = {one.label: one.number for one in holdings_of(ye)}
        alone = Enterprise.objects.get(short_name="味澜餐饮")
        reasons = dependence_of([alone])[alone.pk]
    assert held["partners"] > 5
    assert (held["events"], held["action items"], held["open invitations"]) == (2, 1, 1)
    assert held["threads without an answer"] >= 1
    assert any("were with" in reason for reason in reasons)
    left = Contact.objects.exclude(left_on=None).filter(enterprise__short_name="甬铸模具").get()
    assert Event.objects.get(kind="contact.left", subject_id=left.pk).data["successor"]
