"""What becomes of the agreements when two rows of one enterprise are made one."""

from django.utils.translation import gettext as _

from partnerships.models import Agreement


def why_not_move(survivor, other):
    """Two agreements of one kind in force in the same days cannot both stand under one enterprise."""
    for mine in survivor.agreements.bases().in_force():
        same = other.agreements.bases().in_force().filter(kind=mine.kind)
        if same.filter(effective_from__lte=mine.effective_until, effective_until__gte=mine.effective_from).exists():
            sentence = _("Both have an agreement of the same kind in force: end one of them first (%(name)s).")
            return sentence % {"name": mine}
    return None


def move_agreements(survivor, other):
    """Re-point agreements, what was promised in them, and parties; nobody is a further party to their own agreement."""
    other.agreements.update(enterprise=survivor)
    other.obligations.update(enterprise=survivor)
    parties = Agreement.other_parties.through.objects
    already = parties.filter(enterprise=survivor).values("agreement")
    parties.filter(enterprise=other, agreement__in=already).delete()
    parties.filter(enterprise=other).update(enterprise=survivor)
    parties.filter(enterprise=survivor, agreement__enterprise=survivor).delete()
