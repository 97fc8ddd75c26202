"""The paper's own way: steps, what they say about where the paper is, many at once, mistakes, what is away for long."""

from datetime import timedelta
from itertools import combinations

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone, translation

from partnerships.agreements import standing
from partnerships.filters import LONG_AWAY, agreements_for
from partnerships.models import Agreement, PaperStep
from partnerships.papers import paper_stage, papers_of
from partnerships.rules.papers import AWAY_DAYS, Stage, Step, next_step, stage_of
from partnerships.services.agreements import papers
from records.models import Event
from records.workflow import NotAllowed, Refused
from tests.partnerships.factories import AgreementFactory

TODAY = timezone.localdate()


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def agreement(cast):
    return AgreementFactory(enterprise=cast.a, owner=cast.officer, state="signature")


def page(name, *arguments):
    return reverse(f"partnerships:{name}", args=arguments)


# --- where it is ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "stage"),
    [
        ("", None), ("drafted faculty", Stage.APPROVAL), ("leader", Stage.APPROVAL), ("seal", Stage.SEALING),
        ("seal copies", Stage.SEALING), ("seal sent", Stage.AWAY), ("sent", Stage.AWAY),
        ("sent returned", Stage.SEALING), ("sent returned seal", Stage.BACK), ("seal sent returned", Stage.BACK),
        ("returned archived", Stage.ARCHIVED), ("archived sent", Stage.ARCHIVED),
    ],
)  # fmt: skip
def test_where_the_paper_is(steps, stage):
    assert stage_of(steps.split()) == stage


def test_the_next_step():
    assert next_step([]) == Step.DRAFTED
    assert next_step(["drafted", "office"]) == Step.LEGAL
    assert next_step(["sent", "archived"]) is None


def test_the_list_narrows_to_what_the_steps_say(cast, rf):
    """For every set of the steps that matter: the filter finds what stage_of says."""
    steps = ("legal", "seal", "copies", "sent", "returned", "archived")
    made = {}
    for size in range(len(steps) + 1):
        for chosen in combinations(steps, size):
            row = AgreementFactory(enterprise=cast.a, owner=cast.officer, state="draft")
            PaperStep.objects.bulk_create(PaperStep(agreement=row, step=step, by=cast.officer) for step in chosen)
            PaperStep.objects.create(
                agreement=row, step="faculty", by=cast.officer, undone_at=timezone.now(), undone_by=cast.officer
            )
            made[row.pk] = stage_of(chosen)
    for stage in Stage:
        data = rf.get("/", {"paper": stage}).GET
        found = set(agreements_for(cast.officer, data).qs.values_list("pk", flat=True))
        assert found == {pk for pk, said in made.items() if said == stage}, stage


# --- ticking -------------------------------------------------------------------------------------------------------


def test_ticked_once_and_told(cast, agreement):
    step = papers.tick(agreement, "seal", by=cast.officer, reference=" 用印2026-1 ")
    assert step.reference == "用印2026-1"
    assert papers.tick(agreement, "seal", by=cast.officer, reference="other") == step
    papers.tick(agreement, "sent", by=cast.officer, reference="SF1")
    school, both = Event.objects.filter(kind__startswith="agreement.paper").order_by("pk")
    assert (school.audience, both.audience) == ("school", "both")
    assert paper_stage(agreement) == Stage.AWAY


def test_whoever_has_the_paper_is_next(cast, agreement):
    def read(for_enterprise):
        return standing(Agreement.objects.get(pk=agreement.pk), TODAY, for_enterprise=for_enterprise)

    assert (read(False).whose, read(True).next_step) == ("school", "The school prepares the papers.")
    papers.tick(agreement, "sent", by=cast.officer)
    assert read(False).next_step == "Next: the enterprise stamps the papers and sends them back."
    assert (read(False).whose, read(True).whose) == ("enterprise", "enterprise")
    assert read(True).next_step == "Please stamp the papers and send them back."
    papers.tick(agreement, "returned", by=cast.officer)
    assert (read(False).whose, read(False).next_step) == ("school", "Next: ask who signs.")


def test_either_side_stamps_first(cast, agreement):
    for step in ("sent", "returned"):
        papers.tick(agreement, step, by=cast.officer)
    assert paper_stage(agreement) == Stage.SEALING
    papers.tick(agreement, "seal", by=cast.officer)
    assert paper_stage(agreement) == Stage.BACK


def test_the_box_is_filed_with_the_last_step(cast, agreement):
    papers.tick(agreement, "archived", by=cast.officer, reference="校企-2026-03")
    agreement.refresh_from_db()
    assert agreement.archive_box == "校企-2026-03"


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"by": "other_officer"}, NotAllowed), ({"by": "hr"}, NotAllowed), ({"by": "teacher"}, NotAllowed),
        ({"on": TODAY + timedelta(days=1)}, ValidationError), ({"step": "stamped"}, ValidationError),
        ({"reference": "x" * 61}, ValidationError),
    ],
)  # fmt: skip
def test_what_is_not_ticked(cast, agreement, values, error):
    how = {"step": "sent", "by": "officer"} | values
    how["by"] = getattr(cast, how["by"])
    with pytest.raises(error):
        papers.tick(agreement, how.pop("step"), **how)
    assert not agreement.paper_steps.exists()


@pytest.mark.parametrize(("state", "step"), [("draft", "sent"), ("draft", "returned"), ("expired", "seal")])
def test_a_step_that_does_not_fit_its_state(cast, state, step):
    row = AgreementFactory(enterprise=cast.a, owner=cast.officer, state=state)
    with pytest.raises(Refused):
        papers.tick(row, step, by=cast.officer)


def test_what_has_ended_is_still_archived(cast):
    row = AgreementFactory(enterprise=cast.a, owner=cast.officer, state="expired")
    assert papers.tick(row, "archived", by=cast.officer).step == "archived"


# --- mistakes ------------------------------------------------------------------------------------------------------


def test_a_mistake_is_taken_back_and_kept(cast, agreement):
    step = papers.tick(agreement, "sent", by=cast.officer, reference="SF1")
    papers.untick(step, by=cast.officer)
    papers.untick(step, by=cast.officer)
    again = papers.tick(agreement, "sent", by=cast.officer, reference="SF2")
    assert again.pk != step.pk
    shown = papers_of(agreement, TODAY, may_change=True)
    assert [row.reference for row in shown["undone"]] == ["SF1"]
    assert [line.row.reference for line in shown["lines"] if line.row] == ["SF2"]
    assert Event.objects.filter(kind="agreement.paper_mended", audience="both").count() == 1
    with pytest.raises(NotAllowed):
        papers.untick(again, by=cast.other_officer)


# --- many ----------------------------------------------------------------------------------------------------------


def test_many_at_once(cast, agreement):
    foreign = AgreementFactory(enterprise=cast.b, owner=cast.other_officer, state="signature")
    draft = AgreementFactory(enterprise=cast.a, owner=cast.officer)
    ticked = AgreementFactory(enterprise=cast.a, owner=cast.officer, state="signature", kind="research")
    papers.tick(ticked, "sent", by=cast.officer, reference="first")
    rows = [agreement, foreign, draft, ticked]
    done = papers.tick_many([row.pk for row in rows], "sent", by=cast.officer, on=TODAY, reference="SF9")
    assert {one["agreement"].pk: one["outcome"] for one in done} == {
        agreement.pk: "done", foreign.pk: "refused", draft.pk: "refused", ticked.pk: "same",
    }  # fmt: skip
    assert ticked.paper_steps.get().reference == "first"
    assert all(one["reason"] for one in done if one["outcome"] == "refused")


def test_many_on_their_page(cast, signed_in, agreement):
    foreign = AgreementFactory(enterprise=cast.b, owner=cast.other_officer, state="signature", title="别人的协议")
    client = signed_in(cast.officer)
    listed = client.get(page("agreement_list")).content.decode()
    assert f'name="agreements" value="{agreement.pk}"' in listed
    query = {"agreements": [agreement.pk, foreign.pk], "step": "seal"}
    checked = client.get(page("paper_many"), query).content.decode()
    assert "stays as it is" in checked
    assert 'value="seal" selected' in checked
    data = query | {"on": TODAY, "reference": "用印2026-7"}
    told = client.post(page("paper_many"), data, follow=True).content.decode()
    assert "seal asked for: 1 agreement." in told
    assert "别人的协议 stays as it is." in told
    assert "being sealed" in told
    assert agreement.paper_steps.get().reference == "用印2026-7"
    wrong = client.post(page("paper_many"), data | {"on": TODAY + timedelta(days=2), "step": "sent"}, follow=True)
    assert "This day lies ahead." in wrong.content.decode()
    assert client.get(page("paper_many")).url == page("agreement_list")


def test_one_on_its_page(cast, signed_in, agreement):
    client = signed_in(cast.officer)
    client.post(page("agreement_paper", agreement.pk), {"step": "sent", "on": TODAY, "reference": "SF77"})
    shown = client.get(page("agreement_detail", agreement.pk)).content.decode()
    assert "SF77" in shown
    assert "with the other side for its stamp" in shown
    wrong = client.post(page("agreement_paper", agreement.pk), {"step": "returned", "on": TODAY + timedelta(days=1)})
    assert wrong.status_code == 422
    assert "This day lies ahead." in wrong.content.decode()
    step = agreement.paper_steps.get()
    client.post(page("agreement_paper_undo", agreement.pk, step.pk))
    step.refresh_from_db()
    assert step.undone_by == cast.officer


def test_the_enterprise_reads_when_it_was_sent_and_came_back(cast, signed_in, agreement):
    for step, reference in (("seal", "用印2026-1"), ("sent", "SF123"), ("returned", ""), ("archived", "柜3")):
        papers.tick(agreement, step, by=cast.officer, reference=reference)
    shown = signed_in(cast.hr).get(page("portal_agreement", cast.a.pk, agreement.pk)).content.decode()
    assert "SF123" in shown
    assert "Back at the school on" in shown
    assert "用印2026-1" not in shown
    assert "柜3" not in shown


# --- away ----------------------------------------------------------------------------------------------------------


def test_what_is_away_for_long(cast, signed_in, rf):
    rows = [AgreementFactory(enterprise=cast.a, owner=cast.officer, state="draft", title=f"协议{n}") for n in range(4)]
    Agreement.objects.filter(pk__in=[row.pk for row in rows]).update(state="signature")
    for row, days in zip(rows, (AWAY_DAYS + 30, AWAY_DAYS, AWAY_DAYS - 1, AWAY_DAYS + 5), strict=True):
        papers.tick(Agreement.objects.get(pk=row.pk), "sent", by=cast.officer, on=TODAY - timedelta(days=days))
    papers.tick(Agreement.objects.get(pk=rows[3].pk), "returned", by=cast.officer)
    client = signed_in(cast.officer)
    shown = client.get(page("paper_away")).content.decode()
    assert [title in shown for title in ("协议0", "协议1", "协议2", "协议3")] == [True, True, False, False]
    assert shown.index("协议0") < shown.index("协议1")
    assert f">{AWAY_DAYS + 30}</span>" in shown
    assert "协议2" in client.get(page("paper_away"), {"for": "all"}).content.decode()
    late = agreements_for(cast.officer, rf.get("/", {"paper": LONG_AWAY}).GET).qs
    assert set(late.values_list("title", flat=True)) == {"协议0", "协议1"}


def test_the_list_of_what_is_away_costs_the_same_for_many(cast, signed_in, django_assert_max_num_queries):
    client = signed_in(cast.officer)
    for n in range(12):
        row = AgreementFactory(enterprise=cast.a, owner=cast.officer, state="signature", title=f"协议{n}")
        papers.tick(row, "sent", by=cast.officer, on=TODAY - timedelta(days=60 + n))
    with django_assert_max_num_queries(14):
        client.get(page("paper_away"))
    with django_assert_max_num_queries(22):
        client.get(page("agreement_list"))
