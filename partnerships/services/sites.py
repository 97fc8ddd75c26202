"""Every write to the places where an enterprise's people work."""

from django.db import transaction
from django.utils.translation import gettext as _

from partnerships.models import Site
from partnerships.services.enterprises import apply_changes, lock_for_change, record_changes
from records.services import record
from records.workflow import Refused

FIELDS = ("kind", "name", "region", "address", "capacity", "safety")


def add_site(enterprise, *, by, form_key=None, now=None, **fields):
    """Add a site and return it; the same `form_key` twice returns the first. Writes "site.added".

    Raises NotAllowed, Refused, ValidationError.
    """
    _check_known(fields)
    with transaction.atomic():
        locked = lock_for_change(enterprise, by)  # a second submit waits here, then finds the first
        if form_key and (first := Site.objects.filter(form_key=form_key).first()):
            return first
        site = Site(enterprise=locked, **fields)
        if form_key:
            site.form_key = form_key
        site.full_clean()
        site.save()
        record("site.added", subject=site, stream=locked.pk, by=by, data={"name": site.name}, happened_at=now)
    return site


def change_site(site, *, by, version, changes, now=None):
    """Write `changes` (field → value, of FIELDS). Writes "site.changed" with both values of what differs.

    Raises NotAllowed, Refused, Conflict where somebody else saved in between, ValidationError.
    """
    _check_known(changes)
    with transaction.atomic():
        locked = _lock(site, by)
        if differing := apply_changes(locked, version, changes):
            locked.full_clean()
            locked.save()
            stream = locked.enterprise_id
            record_changes("site.changed", locked, by, differing, stream=stream, now=now, name=locked.name)
    return locked


def close_site(site, *, by, closed_on, now=None):
    """Say since when nobody works there any more; writes "site.closed". Raises NotAllowed, Refused."""
    with transaction.atomic():
        locked = _lock(site, by)
        if locked.closed_on:
            raise Refused(_("This site is closed already."))
        _set_closed(locked, closed_on, "site.closed", by, now)
    return locked


def reopen_site(site, *, by, now=None):
    """Take a closed site into use again; writes "site.reopened". Raises NotAllowed, Refused."""
    with transaction.atomic():
        locked = _lock(site, by)
        if locked.closed_on is None:
            raise Refused(_("This site is in use."))
        _set_closed(locked, None, "site.reopened", by, now)
    return locked


def _set_closed(site, closed_on, kind, by, now):
    site.closed_on = closed_on
    site.version += 1
    site.save(update_fields=["closed_on", "version"])
    record(kind, subject=site, stream=site.enterprise_id, by=by, data={"name": site.name}, happened_at=now)


def _check_known(fields):
    if unknown := set(fields) - set(FIELDS):
        raise TypeError(f"not a field of a site: {', '.join(sorted(unknown))}")


def _lock(site, by):
    lock_for_change(site.enterprise, by)
    return Site.objects.select_for_update(of=("self",), no_key=True).get(pk=site.pk)
