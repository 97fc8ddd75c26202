"""Exchanges with an enterprise: logged by either side, and the last of them kept on the enterprise."""

import uuid
from datetime import datetime, time
from functools import cache

from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, MinValueValidator
from django.db import IntegrityError, transaction
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone
from django.utils.translation import gettext as _

from partnerships.models import Enterprise, Message, Touchpoint, is_member
from partnerships.models.enterprise import NEVER
from partnerships.models.touchpoint import Precision
from partnerships.rules.terms import term_of
from partnerships.services.links import REMINDED
from partnerships.workflow import is_not_merged
from records.files import ATTACHMENTS, store_file
from records.models import Audience, Event, Side
from records.services import record
from records.workflow import NotAllowed, Refused
from reminders import planner

#: What may be said about an exchange beside who, when and how.
DETAILS = ("summary", "agreed", "wishes", "people", "jobs_offered", "internships_offered", "private_note")


def why_not_log(enterprise, by):
    """Whoever of the school reads partners may log for any of them; HR staff for their own enterprise."""
    if by.sees_partners or (by.is_active and not by.is_school and is_member(by, enterprise)):
        return None
    return _("Contacts are logged by the school's liaison staff and by the enterprise itself.")


def log_touchpoint(*, enterprise, by, kind, happened_at, form_key=None, contacts=(), files=(), now=None, **said):
    """Log one exchange with `enterprise` and return its Touchpoint; the same `form_key` twice returns the first.

    `said`: side, precision, is_two_way and DETAILS. HR staff log for the enterprise's side and leave no private note.
    Writes "touchpoint.logged", which both sides read, and the enterprise's last contact.
    Raises NotAllowed (why_not_log), Refused for a merged row, ValidationError for a day to come or a broken rule,
    Rejected for a file.
    """
    now = now or timezone.now()
    if reason := why_not_log(enterprise, by):
        raise NotAllowed(reason)
    if not by.is_school:
        said |= {"side": Side.ENTERPRISE, "private_note": ""}
    form_key = form_key or uuid.uuid4()

    def log():
        lock_enterprises([enterprise])
        return write_touchpoint(
            enterprise=enterprise, by=by, kind=kind, happened_at=happened_at, form_key=form_key, contacts=contacts,
            files=files, now=now, **said,
        )  # fmt: skip

    return once(Touchpoint.objects.filter(enterprise=enterprise), form_key, log)


def write_touchpoint(*, enterprise, by, happened_at, now, contacts=(), files=(), **fields):
    """Write the rows of one exchange: Touchpoint, files, Event, last contact. Call it on a locked enterprise."""
    check_day(happened_at, now)
    if any(contact.enterprise_id != enterprise.pk for contact in contacts):
        raise ValidationError(_("These contacts belong to another enterprise."))
    touchpoint = Touchpoint(enterprise=enterprise, happened_at=happened_at, logged_by=by, logged_at=now, **fields)
    check(touchpoint)
    touchpoint.save()
    touchpoint.contacts.add(*contacts)
    for upload in files:
        store_file(upload, kinds=ATTACHMENTS, by=by, subject=touchpoint, now=now)
    record_touchpoint(touchpoint, by=by)
    write_last_contact(enterprise, now)
    return touchpoint


def check(touchpoint):
    """Raise ValidationError for what a person may have typed wrong; who and whence is the service's own business."""
    whence = ["form_key", "enterprise", "trip", "logged_by", "logged_via", "proxy"]
    touchpoint.full_clean(exclude=whence, validate_unique=False)
    for name in ("summary", "agreed", "wishes", "private_note"):
        check_length(Touchpoint, name, getattr(touchpoint, name))


def check_length(model, name, text):
    """A model's long text knows its limit but does not check it. Raises ValidationError under `name`."""
    try:
        MaxLengthValidator(model._meta.get_field(name).max_length)(text)
    except ValidationError as error:
        raise ValidationError({name: error}) from None


def record_touchpoint(touchpoint, *, by):
    """Put the exchange into the timeline at its day; a corrected day does so again, and the page shows the last.

    A day it has stood at before, it stands at already.
    """
    logged = Event.objects.of(touchpoint).filter(kind="touchpoint.logged", happened_at=touchpoint.happened_at)
    if logged.exists():
        return
    record(
        "touchpoint.logged",
        subject=touchpoint,
        stream=touchpoint.stream,
        by=by,
        side=touchpoint.side,
        audience=Audience.BOTH,
        data={"kind": touchpoint.kind},
        happened_at=touchpoint.happened_at,
    )


# --- the last contact: two writers of Enterprise.last_contact_at, and no other ------------------------------------


def refresh_last_contact(enterprise, now=None):
    """Write the moment of the last two-way exchange to the enterprise and return it: NEVER where none is known.

    Call it in the transaction that wrote the exchange. The row is locked before the exchanges are read: of two
    people who log at once, the second reads what the first has written.
    """
    with transaction.atomic(savepoint=False):
        lock_rows([enterprise.pk])
        return write_last_contact(enterprise, now)


def write_last_contact(enterprise, now=None):
    """The same for an enterprise that the caller has locked before it wrote the exchange."""
    moment = last_exchange(enterprise)
    Enterprise.objects.filter(pk=enterprise.pk).update(last_contact_at=moment)
    planner.settle("gap", [enterprise.pk], now)
    enterprise.last_contact_at = moment
    return moment


def refresh_last_contacts(keys, now=None):
    """The same for many enterprises at once (an import, demonstration data), by their ids."""
    with transaction.atomic():
        lock_rows(keys)
        exchanged = with_exchange().filter(pk=OuterRef("pk")).values("exchanged_at")
        Enterprise.objects.filter(pk__in=keys).update(last_contact_at=Subquery(exchanged))
        planner.settle("gap", list(keys), now)


def last_exchange(enterprise):
    return with_exchange().values_list("exchanged_at", flat=True).get(pk=enterprise.pk)


@cache
def with_exchange():
    """Enterprises with `exchanged_at`: their latest two-way touchpoint or answer in the thread, of either side.

    What is written through the link of a reminder answers it. A letter nobody answered does not count, nor what was
    taken back. Source: conventions, what resets the gap.
    """
    touchpoints = Touchpoint.objects.standing().filter(enterprise=OuterRef("pk"), is_two_way=True)
    touchpoints = touchpoints.order_by("-happened_at", "-pk")
    answered = Q(answers__isnull=False) & ~Q(answers__side=F("side"))
    answers = Message.objects.filter(answered | Q(via__purpose__in=REMINDED), enterprise=OuterRef("pk"))
    return Enterprise.objects.annotate(
        exchanged_at=Greatest(
            Coalesce(Subquery(touchpoints.values("happened_at")[:1]), NEVER),
            Coalesce(Subquery(answers.order_by("-written_at", "-pk").values("written_at")[:1]), NEVER),
        )
    )


def check_last_contact():
    """Enterprises whose stored last contact is not that of their rows, with `exchanged_at`; there must be none."""
    return with_exchange().exclude(last_contact_at=F("exchanged_at")).order_by("pk")


# --- parts shared with trips and entries on behalf ---------------------------------------------------------------


def lock_enterprises(enterprises):
    """Lock the rows and return them. Raises Refused where one was merged into another."""
    locked = lock_rows([enterprise.pk for enterprise in enterprises])
    for enterprise in locked:
        if reason := is_not_merged(enterprise, None):
            raise Refused(reason)
    return locked


def lock_rows(keys):
    """Lock in the order of the keys, so that two trips to the same enterprises cannot block each other."""
    queryset = Enterprise.objects.select_for_update(of=("self",), no_key=True)
    return list(queryset.filter(pk__in=keys).only("merged_into").order_by("pk"))


def once(queryset, form_key, create):
    """Return the row of `queryset` that carries `form_key`, else what create() makes in a transaction.

    A form sent twice at once: the unique key lets one in, the other gets the first one's row. Raises Refused for a key
    that was used outside `queryset`.
    """
    if first := queryset.filter(form_key=form_key).first():
        return first
    try:
        with transaction.atomic():
            return create()
    except IntegrityError:
        if first := queryset.filter(form_key=form_key).first():
            return first
        if queryset.model.objects.filter(form_key=form_key).exists():
            raise Refused(_("This form was already sent.")) from None
        raise


def check_day(happened_at, now):
    """Raise ValidationError for a day to come, and for one of the time before any contact."""
    MinValueValidator(NEVER)(happened_at)
    if timezone.localdate(happened_at) > timezone.localdate(now):
        raise ValidationError(_("This day lies ahead: log it once it has happened."))


def start_of(day, precision=Precision.DAY):
    """The moment under which a day, month, term or year is kept: its beginning, in the school's own time."""
    if precision == Precision.MONTH:
        day = day.replace(day=1)
    elif precision == Precision.TERM:
        day = term_of(day).first_day
    elif precision == Precision.YEAR:
        day = day.replace(month=1, day=1)
    return timezone.make_aware(datetime.combine(day, time()))
