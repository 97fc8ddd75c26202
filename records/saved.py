"""Views of lists that people save for themselves. A list is known here by its name alone."""

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from records.models import SavedView
from records.workflow import Refused

#: So many views of one list one person may keep: they stand in one menu.
MOST = 20


def views_of(user, list_name):
    """The saved views of `user` of one list, by name."""
    return SavedView.objects.visible_to(user).filter(list=list_name)


def save_view(*, by, list_name, name, query, now=None):
    """Save `query` under `name` and return (view, whether it is new); the same name again replaces its query.

    The caller has left in `query` only what the list knows. Raises Refused for one view too many.
    """
    with transaction.atomic():
        mine = views_of(by, list_name)
        if mine.exclude(name=name).count() >= MOST:
            raise Refused(_("You keep %(most)d views of this list: delete one first.") % {"most": MOST})
        values = {"query": query, "saved_at": now or timezone.now()}
        return SavedView.objects.update_or_create(owner=by, list=list_name, name=name, defaults=values)


def rename_view(view, *, name):
    """Give a view another name. Raises Refused where its owner has one of that name."""
    view.name = name
    try:
        with transaction.atomic():
            view.save(update_fields=["name"])
    except IntegrityError as error:
        raise Refused(_("You already have a view of this name: choose another.")) from error
    return view


def delete_view(view):
    """Forget a view; the list and its rows stay as they are."""
    SavedView.objects.filter(pk=view.pk).delete()
