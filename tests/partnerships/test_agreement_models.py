"""What the database refuses of agreements, and who sees which."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from partnerships.models import Agreement, AgreementComment
from partnerships.rules.agreements import OPEN_END
from tests.partnerships.factories import AgreementFactory
from tests.partnerships.test_models import changed, refused

FIRST = date(2026, 9, 1)


@pytest.mark.parametrize(
    ("values", "name"),
    [({"state": "asleep"}, "state_known"), ({"kind": "friendship"}, "kind_known"), ({"title": ""}, "titled"),
     ({"starts_on": FIRST, "ends_on": FIRST - timedelta(days=1)}, "ends_after_start"),
     ({"auto_renews": True, "ends_on": None, "renewal_months": 12}, "renews_by_months"),
     ({"auto_renews": True, "renewal_months": None}, "renews_by_months"),
     ({"auto_renews": True, "renewal_months": 0}, "renews_by_months"),
     ({"amount": -1}, "amount_not_negative"), ({"nth": 1}, "amendment_whole"), ({"blocks": ["term"]}, "amendment_whole"),
     ({"valid_from": FIRST}, "amendment_whole"), ({"state": "in_force", "open_signatures": 1}, "signed_by_all"),
     ({"state": "expired", "open_signatures": 1}, "signed_by_all"), ({"state": "in_force", "starts_on": None}, "signed_by_all"),
     ({"state": "terminated"}, "terminated_with_reason"), ({"ended_on": FIRST}, "terminated_with_reason"),
     ({"state": "in_force", "effective_until": FIRST, "effective_from": FIRST + timedelta(days=1)}, "effective_term")],
)  # fmt: skip
def test_an_agreement(cast, values, name):
    agreement = AgreementFactory(enterprise=cast.a, owner=cast.officer)
    refused(f"agreement_{name}", changed(Agreement, agreement.pk, **values))


def in_force(cast, **values):
    return AgreementFactory(
        **{"enterprise": cast.a, "owner": cast.officer, "state": "in_force", "starts_on": FIRST} | values
    )


@pytest.mark.parametrize(
    ("starts_on", "ends_on"),
    [(date(2027, 8, 31), date(2028, 8, 31)), (date(2025, 9, 1), FIRST), (date(2026, 10, 1), date(2026, 10, 1)), (date(2020, 1, 1), None)],
    ids=["its last day", "its first day", "within", "without end"],
)  # fmt: skip
def test_two_of_a_kind_do_not_overlap(cast, starts_on, ends_on):
    in_force(cast, ends_on=date(2027, 8, 31))
    refused("agreement_no_overlap", lambda: in_force(cast, starts_on=starts_on, ends_on=ends_on))


def test_what_may_stand_beside_an_agreement_in_force(cast):
    first = in_force(cast, ends_on=date(2027, 8, 31))
    in_force(cast, starts_on=date(2027, 9, 1), ends_on=None)
    in_force(cast, kind="order_class")
    in_force(cast, enterprise=cast.b)
    in_force(cast, state="draft")
    in_force(cast, state="terminated", ended_on=FIRST, end_reason="x")
    amendment = in_force(cast, amends=first, nth=1, blocks=["term"], valid_from=FIRST)
    assert amendment.effective_until < OPEN_END


def test_amendments(cast):
    base = in_force(cast)
    values = {"amends": base, "blocks": ["term"], "valid_from": FIRST, "state": "draft"}
    first = in_force(cast, nth=1, **values)
    refused("agreement_one_amendment_at_work", lambda: in_force(cast, nth=2, **values))
    refused("agreement_amendments_counted", lambda: in_force(cast, nth=1, **values | {"state": "in_force"}))
    refused("agreement_amendment_whole", changed(Agreement, first.pk, blocks=[]))
    refused("agreement_amendment_whole", changed(Agreement, first.pk, valid_from=None))
    for state in ("expired", "renewed"):
        refused("agreement_amendment_states", changed(Agreement, first.pk, state=state))


def test_a_number_is_given_once(cast):
    in_force(cast, number="2026-001")
    in_force(cast, number="", kind="research")
    refused("agreement_number_unique", lambda: in_force(cast, number="2026-001", kind="order_class"))


def test_a_comment(cast):
    values = {"agreement": in_force(cast), "field": "aim", "side": "school", "text": "x", "by": cast.officer}
    comment = AgreementComment.objects.create(**values)
    for change, name in (
        ({"field": "number"}, "on_a_field"), ({"text": ""}, "says_something"), ({"side": "both"}, "one_side"),
        ({"by": None}, "by_someone"),
    ):  # fmt: skip
        refused(f"agreement_comment_{name}", changed(AgreementComment, comment.pk, **change))


def test_who_sees_an_agreement(cast):
    review = AgreementFactory(enterprise=cast.a, owner=cast.officer, state="review")
    draft = AgreementFactory(enterprise=cast.a, owner=cast.officer)

    def seen(user):
        return set(Agreement.objects.visible_to(user))

    for user in (cast.administrator, cast.lead, cast.officer, cast.other_officer):
        assert seen(user) == {review, draft}
    for user in (cast.hr, cast.colleague_hr, cast.hr_of_both):
        assert seen(user) == {review}
    for user in (cast.former_hr, cast.stranger_hr, cast.teacher, cast.counsellor):
        assert seen(user) == set()
    review.other_parties.add(cast.b)
    assert seen(cast.stranger_hr) == {review}


def test_when_an_end_is_near(cast):
    today = timezone.localdate()
    agreement = in_force(cast, starts_on=today, ends_on=today + timedelta(days=90))
    assert agreement.is_expiring(today)
    assert not agreement.is_expiring(today - timedelta(days=1))
    assert not in_force(cast, starts_on=today, ends_on=None, kind="research").is_expiring(today)
