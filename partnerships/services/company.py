"""What an enterprise changes about itself in the portal: its profile, its sites' facts, its people's data."""

import pghistory
from django.db import transaction
from django.utils.translation import gettext as _

from partnerships.models import Contact, Enterprise, Site
from partnerships.services.enterprises import NAMES, apply_changes, naming, record_changes
from partnerships.services.seats import keeps_the_team
from partnerships.workflow import is_not_merged
from records.workflow import NotAllowed, Refused

#: The rest of the profile is the school's: names and codes are those of the licence.
FIELDS = ("short_name", "name_en", "address", "headcount", "size", "strengths")
SITE_FIELDS = ("capacity", "safety")
CONTACT_FIELDS = ("name", "honorific", "position", "phones", "same_wechat", "email", "language")


def change_company(enterprise, *, by, version, changes, now=None):
    """Write `changes` (field → value, of FIELDS). Writes "enterprise.changed", which the school reads.

    Raises NotAllowed for whoever is no member, Refused, Conflict where somebody else saved in between.
    """
    _check_known(changes, FIELDS)
    with pghistory.context(user=by.pk), transaction.atomic():
        locked = _lock(enterprise.pk, by)
        if differing := apply_changes(locked, version, changes):
            if any(name in NAMES for name in differing):
                for column, value in naming(*(getattr(locked, name) for name in NAMES)).items():
                    setattr(locked, column, value)
            locked.full_clean(exclude=["grams", "search_text"])
            locked.save()
            record_changes("enterprise.changed", locked, by, differing, stream=locked.pk, now=now)
    return locked


def change_site_facts(site, *, by, version, changes, now=None):
    """Write how many interns a site takes and what its safety asks. Raises as change_company does."""
    _check_known(changes, SITE_FIELDS)
    with transaction.atomic():
        enterprise = _lock(site.enterprise_id, by)
        locked = Site.objects.select_for_update(of=("self",), no_key=True).get(pk=site.pk)
        if differing := apply_changes(locked, version, changes):
            locked.full_clean()
            locked.save()
            record_changes("site.changed", locked, by, differing, stream=enterprise.pk, now=now, name=locked.name)
    return locked


def change_colleague(contact, *, by, version, changes, now=None):
    """Write how somebody of the enterprise is called and reached: oneself, or by the keeper anybody.

    Raises as change_company does, Refused for somebody who has left.
    """
    _check_known(changes, CONTACT_FIELDS)
    with pghistory.context(user=by.pk), transaction.atomic():
        enterprise = _lock(contact.enterprise_id, by)
        locked = Contact.objects.select_for_update(of=("self",), no_key=True).get(pk=contact.pk)
        if locked.user_id != by.pk and (reason := keeps_the_team(enterprise, by)):
            raise NotAllowed(reason)
        if locked.left_on:
            raise Refused(_("%(name)s has left: choose somebody else.") % {"name": locked})
        if differing := apply_changes(locked, version, changes):
            locked.full_clean()
            locked.save()
            record_changes("contact.changed", locked, by, differing, stream=enterprise.pk, now=now, name=locked.name)
    return locked


def _lock(pk, by):
    """Lock the enterprise first, as every writer does. Raises NotAllowed, Refused."""
    locked = Enterprise.objects.select_for_update(of=("self",), no_key=True).get(pk=pk)
    if by.is_school or not by.is_active or not locked.contacts.members().filter(user=by).exists():
        raise NotAllowed(_("You do not belong to this enterprise any more."))
    if reason := is_not_merged(locked, by):
        raise Refused(reason)
    return locked


def _check_known(changes, fields):
    if unknown := set(changes) - set(fields):
        raise TypeError(f"not open to the enterprise: {', '.join(sorted(unknown))}")
