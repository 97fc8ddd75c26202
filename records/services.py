"""Writing down what happened and who looked."""

from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from records.models import Audience, Event, Look, Side


def record(
    kind,
    *,
    subject,
    by,
    stream=None,
    side=Side.SCHOOL,
    audience=Audience.SCHOOL,
    data=None,
    happened_at=None,
    by_name="",
):
    """Append one Event about `subject` and return it.

    Called inside the transaction of the change itself: both are kept or neither. `by` is None where a link or the
    clock acted; `by_name` then carries the name that was given.
    """
    return Event.objects.create(
        kind=kind,
        subject=subject,
        stream=stream,
        by=by,
        by_name=by_name,
        side=side,
        audience=audience,
        data=data or {},
        happened_at=happened_at or timezone.now(),
    )


def record_many(kind, rows, *, by, now, audience=Audience.SCHOOL, batch_size=1_000):
    """Append one Event of `kind` for each (subject, stream, happened_at, data) of `rows`.

    All subjects are of one model. The side is the subject's own where it has one, else the school.
    """
    events = [
        Event(
            kind=kind, subject_type=ContentType.objects.get_for_model(subject), subject_id=subject.pk, stream=stream,
            by=by, side=getattr(subject, "side", Side.SCHOOL), audience=audience, data=data, happened_at=happened_at,
            recorded_at=now,
        )
        for subject, stream, happened_at, data in rows
    ]  # fmt: skip
    return Event.objects.bulk_create(events, batch_size=batch_size)


def look(what, *, subject, by=None, link=None, address=None):
    """Remember that somebody read `subject`. The one write that a GET may make."""
    if by is not None and not by.is_authenticated:
        by = None
    return Look.objects.create(what=what, subject=subject, by=by, link=link, address=address)
