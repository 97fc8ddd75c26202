"""python -m tests.chaos.business: what happens at the school during a run, each a process of its own.

fill N      so many mails are due: half to contacts, half to officers, of whom every second gets a digest; every twentieth
            contact is refused for ever
settle N    N partners were just spoken to: nothing of theirs may leave from now on
again       one more pass and one more round; prints what they did
"""

import json
import sys
from datetime import timedelta

import django

django.setup()

from django.db import transaction  # noqa: E402 - models need the setup
from django.utils import timezone  # noqa: E402

from accounts.models import Role, User  # noqa: E402
from partnerships.models import Contact, Enterprise  # noqa: E402
from partnerships.services.enterprises import naming  # noqa: E402
from reminders import planner, sending, services  # noqa: E402
from reminders.models import Delivery, SpecialDay, Switch, Task  # noqa: E402
from tests.chaos import hours  # noqa: E402

OFFICERS = 20
hours.open_all_day()


def fill(number):
    """The last exchange lies exactly one cadence back: the step that tells both sides is due."""
    now = timezone.now()
    officers = [
        User.objects.create(email=f"officer{n}@school.example", name=f"林薇{n}", role=Role.OFFICER)
        for n in range(OFFICERS)
    ]
    names = (f"恒力轴承{n:06d}有限公司" for n in range(number // 2))
    enterprises = Enterprise.objects.bulk_create(
        Enterprise(
            state="active", owner=officers[n % OFFICERS], messages_automatic=True, created_at=now - timedelta(days=900),
            last_contact_at=now - timedelta(days=90), name=name, **naming(name),
        )
        for n, name in enumerate(names)
    )  # fmt: skip
    Contact.objects.bulk_create(
        Contact(
            enterprise=enterprise, name="赵敏", honorific="赵经理", phones=["13800000001"],
            email=f"{'refused' if n % 20 == 7 else 'contact'}{n}@enterprise.example",
        )
        for n, enterprise in enumerate(enterprises)
    )  # fmt: skip
    for officer in officers[::2]:
        services.choose_rhythm("digest", by=officer, user=officer)
    for ago in (-1, 0, 1):
        SpecialDay.objects.create(day=timezone.localdate(now) - timedelta(days=ago), is_working=True)
    Switch.objects.create(rule="gap", mode="on", changed_at=now - timedelta(days=365))
    planner.plan(now)
    return {"due": Delivery.objects.filter(channel="mail", state="due").update(due_at=now, first_due_at=now)}


def settle(number):
    now = timezone.now()
    with transaction.atomic():
        standing = Task.objects.open().filter(side="enterprise").order_by("-id").values_list("subject_id", flat=True)
        spoken_to = list(standing[:number])
        Enterprise.objects.filter(pk__in=spoken_to).update(last_contact_at=now)
        planner.settle("gap", spoken_to, now)
    return {"settled": len(spoken_to)}


def again():
    account, done = planner.plan(), sending.send_due()
    return account.__dict__ | done.__dict__


def main():
    what, *numbers = sys.argv[1:]
    print(json.dumps({"fill": fill, "settle": settle, "again": again}[what](*map(int, numbers))))


if __name__ == "__main__":
    main()
