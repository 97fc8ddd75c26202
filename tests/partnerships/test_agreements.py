"""Agreements: drafted, read together, amended, in force, ended, by the clock and by people."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from partnerships.agreements import side_by_side, standing, text_blocks
from partnerships.models import Agreement, Touchpoint
from partnerships.rules.agreements import OPEN_END, SIGNED
from partnerships.services.agreements import amending, drafting, ending, presets, review, terms
from partnerships.services.enterprises import Conflict
from partnerships.services.links import hand_out_agreement
from partnerships.services.merging import merge_enterprises
from partnerships.workflow import AGREEMENT
from records.links import withdraw
from records.models import Event
from records.workflow import NotAllowed, Refused, move
from tests.partnerships.factories import (
    AgreementFactory,
    ContactFactory,
    EnterpriseFactory,
    SiteFactory,
    signed_by_both,
)

TODAY, NOW = timezone.localdate(), timezone.now()


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def day(days):
    return TODAY + timedelta(days=days)


def agreement(cast, state="draft", **values):
    return AgreementFactory(**{"enterprise": cast.a, "owner": cast.officer, "state": state} | values)


def in_force(cast, **values):
    return agreement(cast, "in_force", **{"starts_on": day(-100), "ends_on": day(200)} | values)


def stored(row):
    return Agreement.objects.get(pk=row.pk)


def kinds_of(row, **filters):
    return list(Event.objects.of(row).filter(**filters).order_by("pk").values_list("kind", flat=True))


# --- the table -----------------------------------------------------------------------------------------------------

SETTINGS = {
    "submit": {"state": "draft"}, "take_back": {"state": "review"}, "approve": {"state": "review", "agreed": True},
    "enter": {"state": "signature"}, "expire": {"state": "in_force"}, "renew": {"state": "in_force", "continued": True},
    "terminate": {"state": "in_force"},
}  # fmt: skip
KEEPERS = {"administrator", "lead", "officer"}
MAY = {
    "submit": KEEPERS, "take_back": KEEPERS, "approve": {"administrator", "lead"}, "expire": KEEPERS | {None},
    "enter": None, "renew": None, "terminate": {"administrator", "lead", None},
}  # fmt: skip
PEOPLE = ("administrator", "lead", "officer", "other_officer", "teacher", "counsellor", "hr", "stranger_hr", None)


def ready_for(cast, name):
    wanted = dict(SETTINGS[name])
    agreed, continued = wanted.pop("agreed", False), wanted.pop("continued", False)
    both = {"agreed_school_at": NOW, "agreed_enterprise_at": NOW} if agreed else {}
    row = agreement(cast, **wanted, **both)
    if name == "terminate":
        Agreement.objects.filter(pk=row.pk).update(ended_on=TODAY, end_reason="x")
    if continued:
        in_force(cast, renews=row, starts_on=day(2000), ends_on=day(2900), effective_from=day(2000))
    if name == "enter":
        signed_by_both(row)
    return stored(row)


def test_the_settings_cover_the_table():
    assert set(SETTINGS) == set(AGREEMENT.by_name) == set(MAY)


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("name", SETTINGS)
def test_who_may_make_which_step(cast, name, person):
    """A role of None is the clock; what follows from the last signature is everybody's."""
    row, by = ready_for(cast, name), getattr(cast, person) if person else None
    if MAY[name] is None or person in MAY[name]:
        moved = move(row, AGREEMENT, name, by=by, note="因为")
        assert moved.state == AGREEMENT.by_name[name].target
        return
    with pytest.raises(NotAllowed):
        move(row, AGREEMENT, name, by=by, note="因为")
    assert stored(row).state == row.state


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("state", Agreement.State.values)
def test_no_step_from_elsewhere(cast, state, name):
    if state in AGREEMENT.by_name[name].sources:
        return
    ended = {"ended_on": TODAY, "end_reason": "x"} if state == "terminated" else {}
    row = agreement(cast, state, **ended)
    with pytest.raises(Refused):
        move(row, AGREEMENT, name, by=cast.lead, note="因为")
    assert stored(row).state == state


# --- drafts --------------------------------------------------------------------------------------------------------


def test_a_draft_sent_twice_is_one(cast):
    key = uuid4()
    values = {"by": cast.officer, "kind": "framework", "title": "协议", "form_key": key}
    assert drafting.draft_agreement(cast.a, **values) == drafting.draft_agreement(cast.a, **values)
    assert kinds_of(Agreement.objects.get()) == ["agreement.drafted"]


@pytest.mark.parametrize("person", ["other_officer", "teacher", "hr"])
def test_nobody_else_drafts(cast, person):
    with pytest.raises(NotAllowed):
        drafting.draft_agreement(cast.a, by=getattr(cast, person), kind="framework", title="x")


def test_what_belongs_to_another_enterprise_is_refused(cast):
    site, contact = SiteFactory(enterprise=cast.b), ContactFactory(enterprise=cast.b)
    for wrong in (
        {"sites": [site]}, {"enterprise_contact": contact}, {"other_parties": [cast.a]}, {"owner": cast.teacher},
        {"title": ""}, {"ends_on": day(-1), "starts_on": TODAY}, {"payment": "x" * 1001},
    ):  # fmt: skip
        with pytest.raises(ValidationError):
            drafting.draft_agreement(cast.a, by=cast.officer, kind="framework", **{"title": "x"} | wrong)
    assert not Agreement.objects.exists()


def test_a_change_and_a_second_editor(cast):
    row = agreement(cast)
    changed = drafting.change_draft(row, by=cast.officer, version=0, changes={"aim": "新", "copies": 4})
    assert (changed.aim, changed.copies, changed.version) == ("新", 4, 1)
    assert kinds_of(row) == ["agreement.changed", "agreement.filed"]
    assert not Event.objects.of(row).shared().exists()
    with pytest.raises(Conflict) as conflict:
        drafting.change_draft(row, by=cast.lead, version=0, changes={"aim": "另"})
    assert [(r["theirs"], r["mine"]) for r in conflict.value.rows] == [("新", "另")]
    with pytest.raises(NotAllowed):
        drafting.change_draft(row, by=cast.other_officer, version=1, changes={"aim": "另"})
    with pytest.raises(TypeError):
        drafting.change_draft(row, by=cast.lead, version=1, changes={"state": "in_force"})


@pytest.mark.parametrize("state", ["review", "signature", "in_force", "expired", "renewed"])
def test_only_a_draft_is_changed_freely_or_deleted(cast, state):
    row = agreement(cast, state)
    with pytest.raises(Refused):
        drafting.change_draft(row, by=cast.lead, version=0, changes={"aim": "新"})
    with pytest.raises(Refused):
        drafting.delete_draft(row, by=cast.lead)
    filed = drafting.file_agreement(row, by=cast.officer, version=0, changes={"number": "A-1"})
    assert filed.number == "A-1"
    with pytest.raises(ValidationError):
        drafting.file_agreement(agreement(cast), by=cast.officer, version=0, changes={"number": "A-1"})


def test_a_draft_is_deleted_with_its_comments(cast):
    row = agreement(cast, "review")
    review.comment_on(row, field="aim", text="x", by=cast.hr)
    review.move_agreement(row, "take_back", by=cast.officer, note="改")
    with pytest.raises(NotAllowed):
        drafting.delete_draft(row, by=cast.other_officer)
    drafting.delete_draft(row, by=cast.officer)
    assert not Agreement.objects.exists()


def test_a_duplicate_leaves_what_belongs_to_the_partner(cast):
    row = in_force(cast, enterprise_contact=cast.foreman)
    row.sites.add(SiteFactory(enterprise=cast.a))
    same, other = drafting.values_like(row, cast.a), drafting.values_like(row, cast.b)
    assert same["enterprise_contact"] == cast.foreman
    assert len(same["sites"]) == 1
    assert (other["enterprise_contact"], other["sites"], other["aim"]) == (None, [], row.aim)
    assert same["starts_on"] is None


def test_presets(cast):
    values = {"values": {"aim": "共建", "amount": 500, "auto_renews": False}, "name": "范本", "kind": "order_class"}
    preset = presets.make_preset(by=cast.lead, is_offered=True, **values)
    assert presets.values_of(preset) == {"aim": "共建", "amount": 500, "kind": "order_class"}
    with pytest.raises(NotAllowed):
        presets.make_preset(by=cast.officer, **values)
    with pytest.raises(TypeError):
        presets.make_preset(by=cast.lead, **values | {"values": {"starts_on": TODAY}})
    for wrong in ({"values": {"aim": "x" * 4001}}, {"values": {"amount": "many"}}, {"name": ""}, {"kind": "x"}):
        with pytest.raises(ValidationError):
            presets.make_preset(by=cast.lead, **values | wrong)
    changed = presets.change_preset(preset, by=cast.lead, version=0, values={"aim": "另"}, name="新名")
    assert (changed.name, changed.values) == ("新名", {"aim": "另"})
    with pytest.raises(Conflict):
        presets.change_preset(preset, by=cast.lead, version=0, values={}, name="x")


# --- joint review --------------------------------------------------------------------------------------------------

#: A value that differs from the factory's, for each field that is signed.
OTHER = {
    "title": "新协议", "title_en": "New", "aim": "新目的", "specialties": "机电", "starts_on": day(1), "ends_on": day(900),
    "auto_renews": True, "renewal_months": 12, "notice_days": 30, "places_per_year": 9, "seminars_per_year": 3,
    "amount": 9, "payment": "分期", "school_duties": "新", "enterprise_duties": "新", "other_terms": "新",
}  # fmt: skip


def other_value(cast, field):
    made = {
        "sites": lambda: [SiteFactory(enterprise=cast.a)], "school_contact": lambda: cast.lead,
        "enterprise_contact": lambda: cast.foreman,
    }  # fmt: skip
    return made[field]() if field in made else OTHER[field]


def people_of(cast, row, side, how):
    """Who speaks for `side`, signed in, through a link or on behalf."""
    if side == "school":
        return {"by": cast.officer}
    if how == "link":
        return {"via": hand_out_agreement(row, by=cast.officer), "name": "钱波"}
    return {"by": cast.officer, "said_by": "钱波"} if how == "behalf" else {"by": cast.hr}


SPEAKERS = [("school", "page"), ("enterprise", "page"), ("enterprise", "link"), ("enterprise", "behalf")]


@pytest.mark.parametrize("field", SIGNED)
@pytest.mark.parametrize(("side", "how"), SPEAKERS)
def test_a_comment_opens_its_field_and_no_other(cast, field, side, how):
    row = agreement(cast, "review", renewal_months=6)
    theirs = {"by": cast.hr} if side == "school" else {"by": cast.officer}
    who = people_of(cast, row, side, how)
    for name in SIGNED:
        with pytest.raises(Refused):
            review.change_in_review(row, version=0, changes={name: other_value(cast, name)}, **who)
    review.comment_on(row, field=field, text="请修改", **theirs)
    review.comment_on(row, field="aim" if field != "aim" else "title", text="自己的意见", **who)
    for name in SIGNED:
        if name != field:
            with pytest.raises(Refused):
                review.change_in_review(row, version=0, changes={name: other_value(cast, name)}, **who)
    changed = review.change_in_review(row, version=0, changes={field: other_value(cast, field)}, **who)
    assert changed.version == 1
    assert not row.comments.filter(resolved_at=None, field=field).exists()
    assert kinds_of(row, audience="both", kind="agreement.changed") == ["agreement.changed"]
    with pytest.raises(Refused):
        review.change_in_review(row, version=1, changes={field: getattr(row, field) if field != "sites" else []}, **who)


@pytest.mark.parametrize("field", SIGNED)
def test_a_post_to_a_locked_field_is_refused(cast, signed_in, field):
    row = agreement(cast, "review")
    other = "aim" if field != "aim" else "title"
    review.comment_on(row, field=other, text="x", by=cast.hr)
    review.comment_on(row, field=other, text="x", by=cast.officer)
    link = hand_out_agreement(row, by=cast.officer)
    data = {"version": 0, other: "新", field: "1", "do": "change", "name": "钱波"}
    places = (
        (cast.officer, "agreement_edit", [row.pk]), (cast.hr, "portal_agreement_edit", [cast.a.pk, row.pk]),
        (None, "link", [link.code]),
    )  # fmt: skip
    for person, name, arguments in places:
        answer = signed_in(person).post(reverse(f"partnerships:{name}", args=arguments), data)
        assert answer.status_code == 409
    assert stored(row).version == 0


@pytest.mark.parametrize("person", ["other_officer", "teacher", "stranger_hr", "former_hr"])
def test_strangers_take_no_part(cast, person):
    row, who = agreement(cast, "review"), {"by": getattr(cast, person)}
    comment = review.comment_on(row, field="aim", text="x", by=cast.hr)
    for act in (
        lambda: review.comment_on(row, field="aim", text="x", **who), lambda: review.settle_comment(comment, **who),
        lambda: review.change_in_review(row, version=0, changes={"aim": "x"}, **who), lambda: review.agree(row, **who),
    ):  # fmt: skip
        with pytest.raises(NotAllowed):
            act()


def test_further_parties_read_and_take_no_part(cast, signed_in):
    row = agreement(cast, "review")
    row.other_parties.add(cast.b)
    client = signed_in(cast.stranger_hr)
    page = reverse("partnerships:portal_agreement", args=[cast.b.pk, row.pk])
    assert client.get(page).status_code == 200
    for name in ("comment", "agree", "edit"):
        url = reverse(f"partnerships:portal_agreement_{name}", args=[cast.b.pk, row.pk])
        assert client.post(url, {"field": "aim", "text": "x"}).status_code == 403


@pytest.mark.parametrize("state", ["draft", "signature", "in_force"])
def test_outside_a_joint_review_nothing_is_said(cast, state):
    row = agreement(cast, state)
    for act in (
        lambda: review.comment_on(row, field="aim", text="x", by=cast.officer),
        lambda: review.agree(row, by=cast.officer),
        lambda: review.change_in_review(row, version=0, changes={"aim": "x"}, by=cast.officer),
    ):
        with pytest.raises(Refused):
            act()


def test_both_agree_and_a_change_takes_it_back(cast):
    row = agreement(cast, "review")
    with pytest.raises(Refused):
        review.move_agreement(row, "approve", by=cast.lead)
    review.agree(row, by=cast.officer, version=0)
    review.agree(row, by=cast.hr, version=0)
    assert stored(row).agreed_enterprise_at
    comment = review.comment_on(row, field="aim", text="x", by=cast.hr)
    assert not stored(row).agreed_school_at
    with pytest.raises(Refused):
        review.agree(row, by=cast.officer)
    with pytest.raises(Refused):
        review.settle_comment(comment, by=cast.officer)
    review.change_in_review(row, version=0, changes={"aim": "新"}, by=cast.officer)
    with pytest.raises(Conflict):
        review.agree(row, by=cast.hr, version=0)
    for person in (cast.officer, cast.hr, cast.colleague_hr):
        review.agree(row, by=person, version=1)
    assert kinds_of(row).count("agreement.agreed") == 4
    with pytest.raises(NotAllowed):
        review.move_agreement(row, "approve", by=cast.officer)
    assert review.move_agreement(row, "approve", by=cast.lead).state == "signature"
    with pytest.raises(Refused):
        review.move_agreement(row, "take_back", by=cast.officer)
    assert review.move_agreement(row, "take_back", by=cast.officer, note="改").agreed_school_at is None


def test_an_own_comment_is_settled_by_its_side(cast):
    row = agreement(cast, "review")
    comment = review.comment_on(row, field="aim", text="x", by=cast.hr)
    for _twice in range(2):
        assert review.settle_comment(comment, by=cast.colleague_hr).resolved_by == cast.colleague_hr
    assert kinds_of(row).count("agreement.comment_settled") == 1
    for wrong in (
        {"field": "number", "text": "x"},
        {"field": "aim", "text": " "},
        {"field": "aim", "text": "x" * 1001},
    ):
        with pytest.raises(ValidationError):
            review.comment_on(row, by=cast.hr, **wrong)


def test_through_a_link(cast, signed_in):
    row = agreement(cast, "review")
    link = hand_out_agreement(row, by=cast.officer)
    assert hand_out_agreement(row, by=cast.officer) == link
    client, url = signed_in(), reverse("partnerships:link", args=[link.code])
    page = client.get(url).content.decode()
    assert row.aim in page
    assert client.post(url, {"do": "comment", "field": "aim", "text": "写明专业"}).status_code == 422
    assert client.post(url, {"do": "comment", "field": "aim", "text": "写明专业", "name": "钱波"}).status_code == 302
    comment = row.comments.get()
    assert (comment.via, comment.who, comment.side) == (link, "钱波", "enterprise")
    assert client.post(url, {"do": "agree", "version": 0, "name": "钱波"}).status_code == 409
    assert client.post(url, {"do": "settle", "comment": comment.pk, "name": "钱波"}).status_code == 302
    review.comment_on(row, field="payment", text="请补充", by=cast.officer)
    change = {"do": "change", "version": 0, "payment": "分期", "initial-payment": "", "name": "钱波"}
    assert client.post(url, change).status_code == 302
    assert client.post(url, {"do": "agree", "version": 1, "name": "钱波"}).status_code == 302
    assert stored(row).agreed_enterprise_at
    assert client.post(url, {"do": "dance", "name": "钱波"}).status_code == 409
    assert signed_in(cast.officer).post(url, {"do": "agree", "version": 1, "name": "x"}).status_code == 409
    link = withdraw(link, by=cast.officer)
    with pytest.raises(Refused):
        review.comment_on(row, field="aim", text="x", via=link, name="钱波")
    with pytest.raises(Refused):
        review.comment_on(
            agreement(cast, "review"), field="aim", text="x", via=hand_out_agreement(row, by=cast.lead), name="x"
        )
    with pytest.raises(ValidationError):
        review.agree(row, via=link, name=" ")
    with pytest.raises(Refused):
        hand_out_agreement(agreement(cast), by=cast.officer)
    with pytest.raises(NotAllowed):
        hand_out_agreement(row, by=cast.other_officer)


def test_on_behalf_counts_once_and_is_to_be_checked(cast):
    row, key = agreement(cast, "review"), uuid4()
    said = {"by": cast.officer, "source": "phone", "said_by": "钱波", "said_at": NOW - timedelta(hours=1)}
    for _twice in range(2):
        review.enter_on_behalf(row, field="aim", text="写明专业", form_key=key, **said)
    comment = row.comments.get()
    assert (comment.side, comment.who, comment.by) == ("enterprise", "钱波", cast.officer)
    assert Touchpoint.objects.get().proxy.checked_at is None
    review.settle_comment(comment, by=cast.hr)
    review.enter_on_behalf(row, **said)
    assert stored(row).agreed_enterprise_at
    with pytest.raises(NotAllowed):
        review.enter_on_behalf(row, **said | {"by": cast.other_officer})


# --- in force, amended, today --------------------------------------------------------------------------------------


def amended(cast, base, blocks, changes, valid_from):
    row = amending.start_amendment(base, by=cast.officer, blocks=blocks, valid_from=valid_from)
    row = drafting.change_draft(row, by=cast.officer, version=0, changes=changes)
    Agreement.objects.filter(pk=row.pk).update(state="signature")
    return terms.enter_into_force(signed_by_both(stored(row)), by=cast.officer)


def test_entering_into_force_writes_the_term(cast):
    row = agreement(cast, "signature", ends_on=None, effective_from=date.max, effective_until=OPEN_END)
    with pytest.raises(Refused):
        terms.enter_into_force(row)
    terms.enter_into_force(signed_by_both(row), by=cast.officer)
    row = stored(row)
    assert (row.state, row.effective_from, row.effective_until) == ("in_force", row.starts_on, OPEN_END)
    second = agreement(cast, "signature", starts_on=day(50), ends_on=day(90))
    with pytest.raises(ValidationError, match="in force in these days"):
        terms.enter_into_force(signed_by_both(second))
    assert stored(second).state == "signature"
    unsigned = agreement(cast, "signature", kind="research", open_signatures=1)
    with pytest.raises(Refused):
        terms.enter_into_force(signed_by_both(unsigned))


def test_an_amendment_changes_only_its_blocks(cast):
    base = in_force(cast, amount=100)
    row = amending.start_amendment(base, by=cast.officer, blocks=["money"], valid_from=day(10))
    assert (row.nth, row.aim, row.amount, row.state) == (1, base.aim, 100, "draft")
    with pytest.raises(Refused):
        drafting.change_draft(row, by=cast.officer, version=0, changes={"ends_on": day(5)})
    row = drafting.change_draft(row, by=cast.officer, version=0, changes={"amount": 200})
    row = amending.tick_blocks(row, by=cast.officer, version=1, blocks=["money", "term"], valid_from=day(10))
    row = drafting.change_draft(row, by=cast.officer, version=2, changes={"ends_on": day(50)})
    row = amending.tick_blocks(row, by=cast.officer, version=3, blocks=["term"], valid_from=day(12))
    assert (row.amount, row.ends_on, row.blocks, row.valid_from) == (100, day(50), ["term"], day(12))
    with pytest.raises(Conflict):
        amending.tick_blocks(row, by=cast.officer, version=3, blocks=["money"], valid_from=day(12))
    review.move_agreement(row, "submit", by=cast.officer)
    with pytest.raises(ValidationError):
        review.comment_on(row, field="amount", text="x", by=cast.hr)
    with pytest.raises(Refused):
        amending.tick_blocks(row, by=cast.officer, version=5, blocks=["money"], valid_from=day(12))


@pytest.mark.parametrize(
    "wrong", [{"blocks": []}, {"blocks": ["colour"]}, {"valid_from": None}, {"valid_from": day(-101)}], ids=str
)
def test_an_amendment_that_says_too_little(cast, wrong):
    with pytest.raises(ValidationError):
        amending.start_amendment(in_force(cast), by=cast.officer, **{"blocks": ["term"], "valid_from": TODAY} | wrong)


def test_when_nothing_is_amended(cast):
    base = in_force(cast)
    ticks = {"by": cast.officer, "blocks": ["term"], "valid_from": TODAY}
    first = amending.start_amendment(base, form_key=(key := uuid4()), **ticks)
    assert amending.start_amendment(base, form_key=key, **ticks) == first
    for row in (base, first, agreement(cast), agreement(cast, "expired")):
        with pytest.raises(Refused):
            amending.start_amendment(row, **ticks)
    with pytest.raises(NotAllowed):
        amending.start_amendment(base, **ticks | {"by": cast.other_officer})


def test_the_effective_term_follows_amendments(cast):
    base = in_force(cast)
    amended(cast, base, ["term"], {"ends_on": day(20)}, day(5))
    base = stored(base)
    assert base.effective_until == day(20)
    assert base.is_expiring(TODAY)
    second = amended(cast, base, ["money"], {"amount": 7}, day(9))
    assert second.ends_on == day(20)
    versions = terms.versions_of(base)
    assert [row.nth for row in versions] == [0, 1, 2]
    assert terms.effective_version(base, TODAY) == base
    assert terms.effective_version(base, day(6)) == versions[1]
    rows = {row["label"]: row for row in side_by_side(versions, TODAY)}
    ends = rows[Agreement._meta.get_field("ends_on").verbose_name]
    assert ends["differs"]
    assert ends["values"][0] == ends["values"][2] != ends["values"][1]
    assert not terms.differing_terms(TODAY)
    Agreement.objects.filter(pk=base.pk).update(effective_until=day(21))
    assert terms.differing_terms(TODAY) == [base.pk]
    terms.mend_term(base.pk, TODAY)
    assert not terms.differing_terms(TODAY)
    with pytest.raises(ValidationError):
        amending.start_amendment(base, by=cast.officer, blocks=["term"], valid_from=day(8))


def test_twenty_amendments_cost_the_queries_of_none(cast, signed_in):
    plain = in_force(cast, kind="research")
    full = in_force(cast, kind="order_class")
    for nth in range(1, 21):
        values = {"amends": full, "nth": nth, "blocks": ["money"], "valid_from": day(-50 + nth), "kind": "order_class"}
        in_force(cast, amount=nth, school_contact=cast.lead, **values)
    client, counts = signed_in(cast.officer), {}
    for row in (plain, full):
        client.get(reverse("partnerships:agreement_detail", args=[row.pk]))
        with CaptureQueriesContext(connection) as queries:
            page = client.get(reverse("partnerships:agreement_detail", args=[row.pk]))
        counts[row.kind] = len(queries)
    assert page.content.decode().count("¥20.00") >= 2
    assert counts["order_class"] <= counts["research"], counts


# --- the end -------------------------------------------------------------------------------------------------------


def test_ended_early_at_once(cast):
    base = in_force(cast)
    row = amending.start_amendment(base, by=cast.officer, blocks=["term"], valid_from=TODAY)
    review.move_agreement(row, "submit", by=cast.officer)
    with pytest.raises(NotAllowed):
        ending.terminate_agreement(base, by=cast.officer, day=TODAY, reason="x")
    for wrong in ({"reason": " "}, {"reason": "x" * 301}, {"day": day(-101)}, {"day": day(201)}):
        with pytest.raises(ValidationError):
            ending.terminate_agreement(base, by=cast.lead, **{"day": TODAY, "reason": "x"} | wrong)
    ended = ending.terminate_agreement(base, by=cast.lead, day=TODAY, reason="搬迁")
    assert (ended.state, ended.effective_until, ended.end_reason) == ("terminated", TODAY, "搬迁")
    assert stored(row).state == "draft"
    with pytest.raises(Refused):
        review.move_agreement(row, "submit", by=cast.officer)
    with pytest.raises(Refused):
        ending.terminate_agreement(base, by=cast.lead, day=TODAY, reason="x")


def test_ended_for_a_day_to_come(cast):
    base = in_force(cast)
    ending.terminate_agreement(base, by=cast.lead, day=day(30), reason="搬迁")
    base = stored(base)
    assert (base.state, base.effective_until) == ("in_force", day(30))
    assert str(day(30).year) in standing(base, TODAY).next_step
    with pytest.raises(Refused):
        amending.start_amendment(base, by=cast.officer, blocks=["term"], valid_from=TODAY)
    assert terms.run_clock(day(30)) == {"renewed": 0, "terminated": 0, "expired": 0}
    assert terms.run_clock(day(31))["terminated"] == 1
    assert stored(base).state == "terminated"
    assert terms.run_clock(day(31))["terminated"] == 0


def test_the_clock_lets_expire_and_renews_without_a_gap(cast):
    plain = in_force(cast, kind="research", ends_on=TODAY)
    renewing = in_force(cast, ends_on=TODAY, auto_renews=True, renewal_months=12)
    open_ended = in_force(cast, kind="order_class", ends_on=None)
    assert terms.run_clock(day(-1)) == {"renewed": 0, "terminated": 0, "expired": 0}
    assert terms.run_clock(TODAY) == {"renewed": 1, "terminated": 0, "expired": 0}
    assert stored(renewing).effective_until > day(360)
    assert terms.run_clock(day(1)) == {"renewed": 0, "terminated": 0, "expired": 1}
    assert terms.run_clock(day(1)) == {"renewed": 0, "terminated": 0, "expired": 0}
    assert [stored(row).state for row in (plain, renewing, open_ended)] == ["expired", "in_force", "in_force"]
    assert kinds_of(renewing, audience="both") == ["agreement.renewed_itself"]
    assert terms.run_clock(day(3 * 366))["renewed"] == 1
    assert stored(renewing).effective_until > day(3 * 366)


def test_what_another_one_follows_does_not_renew_itself(cast):
    first = in_force(cast, ends_on=TODAY, auto_renews=True, renewal_months=12)
    in_force(cast, starts_on=day(1), ends_on=day(300))
    terms.run_clock(TODAY)
    assert terms.run_clock(day(1))["expired"] == 1
    assert stored(first).state == "expired"


def test_a_renewal_takes_the_place(cast):
    base = in_force(cast, starts_on=date(2024, 9, 1), ends_on=date(2027, 8, 31), enterprise_contact=cast.foreman)
    base.sites.add(site := SiteFactory(enterprise=cast.a))
    base.other_parties.add(cast.b)
    renewal = ending.start_renewal(base, by=cast.officer, form_key=(key := uuid4()))
    assert ending.start_renewal(base, by=cast.officer, form_key=key) == renewal
    assert (renewal.starts_on, renewal.ends_on) == (date(2027, 9, 1), date(2030, 8, 31))
    assert list(renewal.sites.all()) == [site]
    assert list(renewal.other_parties.all()) == [cast.b]
    with pytest.raises(Refused):
        ending.start_renewal(base, by=cast.officer)
    Agreement.objects.filter(pk=renewal.pk).update(state="signature")
    terms.enter_into_force(signed_by_both(stored(renewal)), by=cast.officer)
    assert (stored(base).state, stored(renewal).state) == ("renewed", "in_force")
    for row in (agreement(cast), in_force(cast, ends_on=None, kind="research")):
        with pytest.raises(Refused):
            ending.start_renewal(row, by=cast.officer)


def test_a_renewal_of_what_renewed_itself_meanwhile(cast):
    base = in_force(cast, ends_on=day(10), auto_renews=True, renewal_months=12)
    renewal = ending.start_renewal(base, by=cast.officer)
    terms.run_clock(day(10))
    Agreement.objects.filter(pk=renewal.pk).update(state="signature", auto_renews=False, renewal_months=None)
    terms.enter_into_force(signed_by_both(stored(renewal)), by=cast.officer)
    base = stored(base)
    assert (base.state, base.effective_until) == ("renewed", day(10))


# --- how it reads, and who it belongs to ---------------------------------------------------------------------------


def test_each_side_reads_whose_turn_it_is(cast):
    row = agreement(cast, "review")
    assert (standing(row, TODAY).whose, standing(row, TODAY, for_enterprise=True).whose) == ("school", "enterprise")
    review.comment_on(row, field="aim", text="x", by=cast.hr)
    row = stored(row)
    assert (standing(row, TODAY).whose, standing(row, TODAY, for_enterprise=True).whose) == ("school", "school")
    near = in_force(cast, ends_on=day(20))
    assert str(standing(near, TODAY).label) == "expiring"
    shown = {line.name for block in text_blocks(near) for line in block.lines}
    assert "aim" in shown
    assert "payment" not in shown


def test_agreements_follow_a_merged_partner(cast):
    other = EnterpriseFactory(name="恒力轴承厂", owner=cast.officer)
    theirs = agreement(cast, enterprise=other)
    theirs.other_parties.add(cast.a)
    mine = in_force(cast)
    mine.other_parties.add(other)
    clashing = in_force(cast, enterprise=other)
    versions = (cast.a.version, other.version)
    with pytest.raises(Refused):
        merge_enterprises(cast.a, other, by=cast.officer, versions=versions)
    Agreement.objects.filter(pk=clashing.pk).update(kind="research")
    merge_enterprises(cast.a, other, by=cast.officer, versions=versions)
    assert cast.a.agreements.count() == 3
    assert not mine.other_parties.exists()
    assert not theirs.other_parties.exists()
