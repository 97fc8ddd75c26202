"""Lists as files: short ones at once, long ones by a worker that may die, for whoever still may read them then."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role, User
from partnerships.models import Enterprise, Seminar, SeminarGuest
from records.files import sweep_files
from records.models import Event, File, Look
from records.sheets import read_workbook
from records.workflow import NotAllowed, Refused
from reports import services, tasks
from reports.lists import LISTS
from reports.models import Export
from reports.workflow import EXPORT, ExportState
from tests.partnerships.factories import DepartmentFactory, EnterpriseFactory, UserFactory

pytestmark = pytest.mark.django_db
PARTNERS = LISTS["partners"]


@pytest.fixture(autouse=True)
def small(settings, tmp_path, monkeypatch):
    """Three rows are a long list, and every second row is a sign of life."""
    settings.FILES_DIR = tmp_path
    settings.EXPORT_AT_ONCE = 2
    monkeypatch.setattr(services, "STEP", 2)


@pytest.fixture
def rung(monkeypatch):
    """The bell is not rung: each test says itself when a worker comes."""
    monkeypatch.setattr(tasks.write_exports, "delay_on_commit", lambda: None)


def start(by, query="", **values):
    return services.start_export(PARTNERS, by=by, query=query, form_key=uuid.uuid4(), **values)


def names_in(client, export):
    response = client.get(reverse("reports:export_file", args=[export.pk]))
    assert response.status_code == 200
    (sheet,) = read_workbook(b"".join(response.streaming_content), "a.xlsx").sheets
    return [row[0] for row in sheet.rows[1:]]


def status(client, page):
    """The answer, read to its end."""
    response = client.get(page)
    if response.streaming:
        b"".join(response.streaming_content)
    return response.status_code


# --- which way ---------------------------------------------------------------------------------------------------


def test_a_short_list_is_written_at_once(cast, signed_in):
    page = signed_in(cast.officer).get(reverse("reports:list_export", args=["partners"]))
    assert page["Content-Disposition"].endswith('.xlsx"')
    assert b"".join(page.streaming_content)[:2] == b"PK"
    assert not Export.objects.exists()


def test_a_long_list_asks_and_is_written_by_a_worker(cast, signed_in, rung):
    EnterpriseFactory(name="=cmd|calc", tier=1)
    client, address = signed_in(cast.officer), reverse("reports:list_export", args=["partners"]) + "?sort=-tier&after=x"
    page = client.get(address)
    assert b"more than 2 rows" in page.content
    key = str(page.context["form"].initial["form_key"])
    first, second = client.post(address, {"form_key": key}), client.post(address, {"form_key": key})
    assert first["Location"] == second["Location"]
    export = Export.objects.get()
    assert (export.state, export.query) == ("waiting", "sort=-tier")

    assert services.write_next()
    export.refresh_from_db()
    assert (export.state, export.rows_done, export.rows_total, export.attempt) == ("ready", 3, 3, 1)
    assert export.expires_at - export.finished_at == services.KEPT
    assert "=cmd|calc" in names_in(client, export)
    assert Look.objects.filter(what="file.read", by=cast.officer).exists()
    assert list(Event.objects.of(export).order_by("pk").values_list("kind", flat=True)) == [
        "export.start", "export.finish"
    ]  # fmt: skip
    assert not services.write_next()


def test_the_filter_of_the_address_counts_in_the_background_too(cast, signed_in):
    for number in range(5):
        EnterpriseFactory(name=f"绍兴第{number}机械有限公司", tier=1 + number % 2)
    export = start(cast.officer, "tier=1&nothing=1&after=x")
    services.write_next()
    export.refresh_from_db()
    assert export.query == "tier=1"
    assert names_in(signed_in(cast.officer), export) == [f"绍兴第{number}机械有限公司" for number in (0, 2, 4)]


def test_ticked_partners_and_no_others(cast, signed_in):
    page = signed_in(cast.officer).get(reverse("reports:list_export", args=["partners"]), {"enterprises": cast.b.pk})
    (sheet,) = read_workbook(b"".join(page.streaming_content), "a.xlsx").sheets
    assert [row[0] for row in sheet.rows[1:]] == [cast.b.name]


@pytest.mark.parametrize("name", LISTS)
def test_every_list_is_written(cast, signed_in, settings, name):
    settings.EXPORT_AT_ONCE = 5_000
    day = timezone.now()
    ends = day + timedelta(hours=2)
    seminar = Seminar.objects.create(
        title="研讨会", place="报告厅", starts_at=day, ends_at=ends, organiser=cast.officer
    )
    SeminarGuest.objects.create(seminar=seminar, enterprise=cast.a, invited_by=cast.officer)
    page = signed_in(cast.lead).get(reverse("reports:list_export", args=[name]))
    (sheet,) = read_workbook(b"".join(page.streaming_content), "a.xlsx").sheets
    assert all(sheet.rows[0]), sheet.rows[0]
    assert {len(row) for row in sheet.rows} == {len(sheet.rows[0])}
    if name == "events":
        assert [(row[4], row[9], row[10]) for row in sheet.rows[1:]] == [("研讨会", 1, 0)]


# --- who ---------------------------------------------------------------------------------------------------------


def test_nobody_reads_somebody_elses_export(cast, signed_in):
    export = start(cast.officer)
    services.write_next()
    key = export.files.get().key
    for page in ("export_detail", "export_file"):
        for who in ("lead", "other_officer", "teacher", "hr"):
            assert status(signed_in(getattr(cast, who)), reverse(f"reports:{page}", args=[export.pk])) == 404
        assert status(signed_in(cast.administrator), reverse(f"reports:{page}", args=[export.pk])) == 200
    assert signed_in(cast.lead).get(reverse("partnerships:file", args=[key])).status_code == 404
    assert not signed_in(cast.administrator).get(reverse("reports:export_list")).context["rows"]


def test_a_list_that_is_not_open_is_not_written(cast, signed_in):
    for name in ("told", "people"):
        address = reverse("reports:list_export", args=[name])
        assert signed_in(cast.officer).get(address).status_code == 403
        assert signed_in(cast.officer).post(address, {"form_key": uuid.uuid4()}).status_code == 403
        with pytest.raises(NotAllowed):
            services.start_export(LISTS[name], by=cast.officer, query="", form_key=uuid.uuid4())
    assert signed_in(cast.lead).get(reverse("reports:list_export", args=["nothing"])).status_code == 404


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": Role.TEACHER}])
def test_whoever_may_not_any_more_gets_nothing(cast, change):
    export = start(cast.officer)
    User.objects.filter(pk=cast.officer.pk).update(**change)
    assert services.write_next()
    export.refresh_from_db()
    assert (export.state, export.reason) == ("failed", "nobody")
    assert not File.objects.exists()


def test_disabled_while_it_is_written(cast, monkeypatch):
    EnterpriseFactory()
    export, sign = start(cast.officer), services._sign_of_life

    def stop(one, **values):
        sign(one, **values)
        User.objects.filter(pk=cast.officer.pk).update(is_active=False)

    monkeypatch.setattr(services, "_sign_of_life", stop)
    services.write_next()
    export.refresh_from_db()
    assert (export.state, export.reason) == ("failed", "nobody")
    assert not File.objects.exists()


def test_a_file_is_closed_to_whoever_lost_the_list(cast, signed_in):
    export = services.start_export(LISTS["told"], by=cast.lead, query="", form_key=uuid.uuid4())
    services.write_next()
    key, pages = export.files.get().key, [reverse("reports:export_file", args=[export.pk])]
    pages.append(reverse("partnerships:file", args=[key]))
    client = signed_in(cast.lead)
    assert [status(client, page) for page in pages] == [200, 200]
    User.objects.filter(pk=cast.lead.pk).update(role=Role.OFFICER)
    assert [status(client, page) for page in pages] == [404, 404]


def test_what_is_seen_is_asked_when_it_is_written(cast, signed_in):
    export = start(cast.officer)
    Enterprise.objects.filter(pk=cast.b.pk).update(merged_into=cast.a)
    EnterpriseFactory(name="后来的有限公司")
    services.write_next()
    assert sorted(names_in(signed_in(cast.officer), export)) == sorted(["后来的有限公司", cast.a.name])


# --- limits --------------------------------------------------------------------------------------------------------


def test_three_at_a_time(cast):
    for __ in range(services.AT_A_TIME):
        start(cast.officer)
    with pytest.raises(Refused):
        start(cast.officer)
    assert start(cast.lead).state == "waiting"


def test_the_key_of_somebody_elses_form_is_refused(cast):
    key = uuid.uuid4()
    services.start_export(PARTNERS, by=cast.officer, query="", form_key=key)
    with pytest.raises(Refused):
        services.start_export(PARTNERS, by=cast.lead, query="", form_key=key)


def test_more_rows_than_a_file_holds(cast, monkeypatch):
    monkeypatch.setattr(services, "MOST", 1)
    export = start(cast.officer)
    services.write_next()
    export.refresh_from_db()
    assert (export.state, export.reason) == ("failed", "too_long")


@pytest.mark.parametrize("quota", [0, 100])
def test_the_quota_of_the_day_counts(cast, settings, signed_in, quota):
    settings.FILE_QUOTA_DAY = quota
    export = start(cast.officer)
    services.write_next()
    export.refresh_from_db()
    assert (export.state, export.reason) == ("failed", "no_room")
    assert not File.objects.exists()
    assert (
        b"a great deal today" in signed_in(cast.officer).get(reverse("reports:export_detail", args=[export.pk])).content
    )


def test_a_written_file_counts_towards_the_quota(cast):
    start(cast.officer)
    services.write_next()
    file = File.objects.get()
    assert (file.uploaded_by, file.size > 1_000) == (cast.officer, True)


def test_its_time_is_over(cast, signed_in, settings):
    export, client = start(cast.officer), signed_in(cast.officer)
    services.write_next()
    later = timezone.now() + services.KEPT
    assert services.expire_exports(now=later - timedelta(minutes=1)) == 0
    assert services.expire_exports(now=later) == 1
    export.refresh_from_db()
    assert export.state == "expired"
    assert not File.objects.exists()
    assert client.get(reverse("reports:export_file", args=[export.pk])).status_code == 409
    assert client.get(reverse("reports:export_detail", args=[export.pk])).status_code == 200
    assert sweep_files(now=timezone.now() + timedelta(days=2)) == 1


def test_over_but_not_yet_removed_is_not_handed_out(cast, signed_in):
    export = start(cast.officer)
    services.write_next()
    Export.objects.update(expires_at=timezone.now())
    assert signed_in(cast.officer).get(reverse("reports:export_file", args=[export.pk])).status_code == 409


# --- a worker that dies ----------------------------------------------------------------------------------------------


def die(monkeypatch, after):
    """The worker stops for good at its n-th sign of life, as if it were killed: nothing is tidied up."""
    sign, signs = services._sign_of_life, []

    class Killed(BaseException):
        pass

    def killed(export, **values):
        sign(export, **values)
        signs.append(values)
        if len(signs) == after:
            raise Killed

    monkeypatch.setattr(services, "_sign_of_life", killed)
    with pytest.raises(Killed):
        services.write_next()
    monkeypatch.setattr(services, "_sign_of_life", sign)


def test_a_killed_worker_is_followed_by_another(cast, monkeypatch, signed_in):
    EnterpriseFactory.create_batch(4)
    export = start(cast.officer)
    die(monkeypatch, after=2)
    export.refresh_from_db()
    assert (export.state, export.rows_done, export.rows_total) == ("writing", 2, 6)
    page = signed_in(cast.officer).get(reverse("reports:export_detail", args=[export.pk]))
    assert b"2 of 6 rows" in page.content
    assert b'value="2" max="6"' in page.content

    assert not services.write_next(), "the first may still live"
    assert services.write_next(now=timezone.now() + services.LEFT_ALONE)
    export.refresh_from_db()
    assert (export.state, export.attempt, export.rows_done) == ("ready", 2, 6)
    assert File.objects.count() == 1


def test_three_times_and_no_more(cast, monkeypatch, signed_in):
    export = start(cast.officer)
    for number in range(services.TRIES):
        monkeypatch.setattr(services, "_finish", lambda *_: (_ for _ in ()).throw(RuntimeError("the disk is full")))
        assert services.write_next(), number
    assert services.write_next()
    export.refresh_from_db()
    assert (export.state, export.reason, export.attempt) == ("failed", "broken", services.TRIES)
    assert (
        b"broke off three times"
        in signed_in(cast.officer).get(reverse("reports:export_detail", args=[export.pk])).content
    )
    assert not services.write_next()


def test_whoever_was_overtaken_writes_nothing(cast, monkeypatch):
    """The first was slow, not dead: the second has begun anew, and the first keeps no file."""
    export, finish = start(cast.officer), services._finish

    def overtaken(held, *rest):
        Export.objects.filter(pk=held.pk).update(attempt=held.attempt + 1)
        finish(held, *rest)

    monkeypatch.setattr(services, "_finish", overtaken)
    assert services.write_next()
    export.refresh_from_db()
    assert export.state == "writing"
    assert not File.objects.exists()


def test_the_next_one_waits_for_its_turn(cast, monkeypatch):
    first, second = start(cast.officer), start(cast.lead)
    die(monkeypatch, after=1)
    assert services.queue_ahead(second) == 1
    assert not services.write_next()
    second.refresh_from_db()
    assert second.state == "waiting"
    later = timezone.now() + services.LEFT_ALONE
    assert [services.write_next(now=later) for __ in range(3)] == [True, True, False]
    assert set(Export.objects.values_list("state", flat=True)) == {"ready"}
    assert first.pk < second.pk


def test_a_list_that_is_gone_gives_up(cast):
    export = start(cast.officer)
    Export.objects.filter(pk=export.pk).update(list="nothing")
    services.write_next()
    export.refresh_from_db()
    assert (export.state, export.reason) == ("failed", "nobody")


def test_the_bell_rings_again_while_something_waits(cast, monkeypatch):
    start(cast.officer)
    rings = []
    monkeypatch.setattr(tasks.write_exports, "delay", lambda: rings.append(1))
    tasks.write_exports()
    tasks.write_exports()
    assert rings == [1]
    tasks.expire_exports()
    assert Export.objects.get().state == "ready"


# --- the last reviewer -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("values", [
    {"state": "gone"}, {"rows_total": 1, "rows_done": 2}, {"state": "failed"}, {"state": "ready"},
])  # fmt: skip
def test_the_database_refuses(cast, values):
    export = start(cast.officer)
    with pytest.raises(IntegrityError), transaction.atomic():
        Export.objects.filter(pk=export.pk).update(**values)


@pytest.mark.parametrize("state", ExportState)
@pytest.mark.parametrize("name", EXPORT.by_name)
def test_only_its_moves(cast, state, name):
    export = Export(owner=cast.officer, list="partners", state=state)
    not_allowed, reason = EXPORT.refusal(export, EXPORT.by_name[name], cast.officer)
    assert bool(reason) == (state not in EXPORT.by_name[name].sources)
    assert not not_allowed
    assert EXPORT.refusal(export, EXPORT.by_name[name], cast.lead)[0]


@pytest.mark.django_db(transaction=True)
def test_of_two_workers_one_writes():
    """On PostgreSQL, with both at the same row: one begins, the other finds nothing to do."""
    EnterpriseFactory()
    officer = UserFactory(department=DepartmentFactory())
    export, barrier, answers = start(officer), threading.Barrier(2, timeout=20), []

    def work():
        barrier.wait()
        answers.append(services.write_next())
        connection.close()

    workers = [threading.Thread(target=work) for __ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    export.refresh_from_db()
    assert (export.state, export.attempt) == ("ready", 1)
    assert File.objects.count() == 1
    assert sorted(answers) == [False, True]
