"""What is promised beside a running site: python -m tests.e2e.term <step> <arguments>; prints JSON.

The site keeps the true time, so it is the promise whose day lies further back; passes run for it alone.

    sign <name>             a new officer with a partner and an agreement in force, whose clauses promise something
    due <key> <days>        the promise is due in so many days (negative: was); the planner passes
    shorten <key> <days>    an amendment, signed by both, ends the agreement in so many days; the planner passes
"""

import json
import os
import sys
from datetime import timedelta


def main(step, *arguments):
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    print(json.dumps(STEPS[step](*arguments)))


def sign(name):
    from partnerships.models import Agreement, Enterprise, Obligation
    from partnerships.services.agreements import drafting, review
    from partnerships.services.obligations import add_obligation
    from tests.e2e.silence import partners

    made = partners(name, 1)
    row, lin = made["partners"][0], _officer(made)
    firm = Enterprise.objects.get(pk=row["pk"])
    contact = firm.contacts.get()
    begins = _today() - timedelta(days=200)
    text = {
        "title": f"合作协议 {name}",
        "aim": "共同培养",
        "starts_on": begins,
        "ends_on": begins + timedelta(days=1500),
    }
    text |= {"places_per_year": 20, "enterprise_contact": contact}
    agreement = drafting.draft_agreement(firm, by=lin, kind="order_class", **text)
    review.move_agreement(agreement, "submit", by=lin)
    review.agree(agreement, by=lin)
    review.agree(Agreement.objects.get(pk=agreement.pk), by=contact.user)
    _sign_by_both(agreement, lin)
    duties = {}
    for side, words, who in (("enterprise", "接待教师", {"contact": contact}), ("school", "送交总结", {"owner": lin})):
        row_ = add_obligation(
            Agreement.objects.get(pk=agreement.pk), by=lin, side=side, text=f"{words} {name}", first_on=begins,
            due_on=_today() + timedelta(days=60), form_key=None or _key(), **who,
        )  # fmt: skip
        duties[side] = row_.pk
    later = Obligation.objects.filter(
        agreement=agreement, clause__isnull=False, due_on__gt=_today() + timedelta(days=900)
    )
    return made | {"agreement": agreement.pk, "title": text["title"], "duties": duties, "later": later.count()}


def _sign_by_both(agreement, officer):
    from accounts.models import Role, User
    from partnerships.models import Agreement
    from partnerships.services.agreements import review, signing
    from reports.demo.pictures import signed_page

    lead = User.objects.filter(role=Role.LEAD, is_active=True).first()
    row = Agreement.objects.get(pk=agreement.pk)
    review.move_agreement(row, "approve", by=lead)
    rows = signing.ask_for_signatures(row, signing.proposed(row), by=officer)
    page = signed_page("签字页.jpg", len(rows))
    signing.sign_all_on_paper(Agreement.objects.get(pk=agreement.pk), rows, page, by=officer, signed_on=_today())


def due(key, days):
    from partnerships.models import Obligation
    from reminders import planner
    from reminders.working import read_calendar

    day = _today() + timedelta(days=int(days))
    Obligation.objects.filter(pk=key).update(due_on=day)
    now = read_calendar().next_decent(_now())
    told = planner.plan(now, only="obligation", subjects=[int(key)]).told
    planner.prepare_drafts(now)
    return {"told": told, "day": f"{day}"}


def shorten(key, days):
    from partnerships.models import Agreement
    from partnerships.services.agreements import amending, drafting, review
    from reminders import planner

    base = Agreement.objects.get(pk=key)
    officer = base.owner
    row = amending.start_amendment(base, by=officer, blocks=["term"], valid_from=_today())
    until = _today() + timedelta(days=int(days))
    drafting.change_draft(row, by=officer, version=0, changes={"ends_on": until})
    review.move_agreement(Agreement.objects.get(pk=row.pk), "submit", by=officer)
    review.agree(Agreement.objects.get(pk=row.pk), by=officer)
    review.agree(Agreement.objects.get(pk=row.pk), by=base.enterprise.contacts.get().user)
    _sign_by_both(row, officer)
    planner.plan(_now(), only="agreement_end", subjects=[base.pk])
    return {"until": f"{until}"}


def _officer(made):
    from accounts.models import User

    return User.objects.get(pk=made["officer"]["pk"])


def _key():
    import uuid

    return uuid.uuid4()


def _now():
    from django.utils import timezone

    return timezone.now()


def _today():
    from django.utils import timezone

    return timezone.localdate()


STEPS = {"sign": sign, "due": due, "shorten": shorten}

if __name__ == "__main__":
    main(*sys.argv[1:])
