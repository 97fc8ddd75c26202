"""Partners that fall silent beside a running site: python -m tests.e2e.silence <step> <arguments>; prints JSON.

The site itself keeps the true time, so it is the last contact that lies further back; passes of days to come run for
these partners alone.

    partners <name> <number>    a new officer with so many partners, heard of three weeks before their cadence ends
    known <key> nobody | closed the enterprise has no contact; has just told that it will be closed next month
    quiet <keys>                nothing was heard since: the cadence ends today; the planner passes, what is due leaves
    refused <keys>              the same, but the mail server knows none of their addresses
    later <days> <keys>         a pass so many days later
"""

import json
import os
import random
import sys
from contextlib import contextmanager
from datetime import timedelta

CADENCE, BEFORE = timedelta(days=60), timedelta(days=21)  # core partners
#: What names of firms and people are made of.
FIRST, SECOND = "瑞恒锦泰盛宏远卓鼎嘉", "禾川峰岳澜辰诺珩崎霖"
TRADES = (
    "轴承",
    "冷链",
    "餐饮",
    "焊机",
    "模具",
    "电梯",
    "纺机",
    "软件",
    "酒店",
    "光电",
    "阀门",
    "药业",
    "物业",
    "泵业",
)
SURNAMES, ROLES = "吴郑冯陈褚卫蒋沈韩杨", ("经理", "主管", "主任", "老师")
REFUSED = "550 5.1.1 <%s>: Recipient address rejected: User unknown"


def main(step, *arguments):
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    print(json.dumps(STEPS[step](*arguments)))


def partners(name, number):
    from accounts.models import Role, User
    from partnerships.models import Enterprise
    from policies.models import Region
    from reminders.services import choose_rhythm

    lin, dice = User.objects.get(email="lin.wei@qinglan.example"), random.Random(name)
    ordinary_days(today())
    people = {"department": lin.department, "is_demo": True}
    mark = f"{dice.randrange(16**8):08x}"
    officer = User.objects.create_user(
        f"officer-{mark}@qinglan.example", name=f"{dice.choice(SURNAMES)}若谷", role=Role.OFFICER, **people
    )
    choose_rhythm("digest", by=officer, user=officer)  # so that the mails to others are found among few
    place = Region.objects.filter(code__startswith="3301").order_by("code").last()
    taken = set(Enterprise.objects.values_list("name", flat=True))
    names = [f"{a}{b}{c}{trade}有限公司" for a in FIRST for b in SECOND for c in FIRST for trade in TRADES]
    chosen = dice.sample([one for one in names if one not in taken], int(number))
    made = [_partner(officer, one, mark, dice, place) for one in chosen]
    Enterprise.objects.filter(pk__in=[one["pk"] for one in made]).update(state=Enterprise.State.ACTIVE)
    return {"officer": {"pk": officer.pk, "name": officer.name, "email": officer.email}, "partners": made}


def ordinary_days(day):
    """No vacation around `day` and no week of holidays behind it: ladders climb whatever day the suite runs on."""
    from reminders.models import SpecialDay, Vacation
    from reminders.working import read_calendar

    month = timedelta(days=30)
    Vacation.objects.filter(starts_on__lte=day + month, ends_on__gte=day - month).delete()
    calendar = read_calendar()
    for ahead in (day + timedelta(days=number) for number in range(month.days)):
        if ahead.weekday() < 5 and not calendar.is_working(ahead):
            SpecialDay.objects.update_or_create(day=ahead, defaults={"is_working": True})


def _partner(officer, name, mark, dice, place):
    """One partner with one contact, who has an account, and the visit that was the last thing both sides did."""
    from accounts.models import Role, User
    from partnerships.models import Contact
    from partnerships.services.contacts import add_contact
    from partnerships.services.enterprises import create_enterprise
    from partnerships.services.touchpoints import log_touchpoint

    then = now() - CADENCE + BEFORE
    firm = create_enterprise(by=officer, name=name, tier=2, region=place, now=then)
    surname = dice.choice(SURNAMES)
    words = {"name": f"{surname}{dice.choice(SECOND)}", "honorific": surname + dice.choice(ROLES)}
    words |= {"phones": ["13800000001"], "email": f"hr-{firm.pk}-{mark}@firm.example"}
    contact = add_contact(firm, by=officer, now=then, **words)
    member = User.objects.create_user(words["email"], name=words["name"], role=Role.HR, is_demo=True)
    Contact.objects.filter(pk=contact.pk).update(user=member, is_keeper=True)
    log_touchpoint(
        enterprise=firm, by=officer, kind="visit", happened_at=then, now=then, summary="看了车间，谈了实习。"
    )
    hr = {"pk": member.pk, "name": member.name}
    return {"pk": firm.pk, "name": firm.name, "contact": contact.address_form, "email": contact.email, "hr": hr}


def known(key, what):
    from partnerships.models import Contact
    from partnerships.services.cadence import add_shutdown

    contact = Contact.objects.get(enterprise=key)
    if what == "nobody":
        Contact.objects.filter(pk=contact.pk).update(left_on=today(), user=None, is_keeper=False)
    else:
        begins = today() + timedelta(days=30)
        add_shutdown(contact.enterprise, by=contact.user, starts_on=begins, ends_on=begins, note="年终盘点")


def quiet(*keys):
    _go_quiet(keys)
    return later(0, *keys)


def _go_quiet(keys):
    from partnerships.models import Touchpoint
    from partnerships.services.touchpoints import record_touchpoint, refresh_last_contacts

    for touchpoint in Touchpoint.objects.filter(enterprise__in=keys):
        touchpoint.happened_at = now() - CADENCE
        touchpoint.save(update_fields=["happened_at"])
        record_touchpoint(touchpoint, by=touchpoint.logged_by)  # as a corrected day does
    refresh_last_contacts([int(key) for key in keys])


def later(days, *keys):
    """One transaction: the site's own pass would take back what is planned before its day, and has not left."""
    from django.db import transaction

    from reminders import planner, sending
    from reminders.working import read_calendar

    then = read_calendar().next_decent(now() + timedelta(days=int(days)))
    with transaction.atomic():
        told = planner.plan(then, only="gap", subjects=[int(key) for key in keys]).told
        planner.prepare_drafts(then)
        return {"told": told, "sent": sending.send_due(then).sent}


def refused(*keys):
    """All in one transaction: the site's own sender never sees what is to be refused."""
    from django.conf import settings
    from django.db import transaction

    with mail_server() as port, transaction.atomic():
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        return quiet(*keys)


@contextmanager
def mail_server():
    """One that knows nobody of a firm."""
    from aiosmtpd.controller import Controller

    from tests.smoke.machine import free_port

    class Handler:
        async def handle_RCPT(self, server, session, envelope, address, options):
            if address.endswith("@firm.example"):
                return REFUSED % address
            envelope.rcpt_tos.append(address)
            return "250 OK"

    controller = Controller(Handler(), hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def now():
    from django.utils import timezone

    return timezone.now()


def today():
    from django.utils import timezone

    return timezone.localdate()


STEPS = {"partners": partners, "known": known, "quiet": quiet, "refused": refused, "later": later}

if __name__ == "__main__":
    main(*sys.argv[1:])
