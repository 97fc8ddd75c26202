"""How a page of the school finds what it is about."""

from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from partnerships.models import Enterprise


def school_page(queryset, request, pk):
    """The row a school page is about. Raises Http404 where it is not visible, PermissionDenied for HR staff."""
    row = get_object_or_404(queryset.visible_to(request.user), pk=pk)
    school_only(request.user)
    return row


def school_only(user):
    """For pages about nothing yet. Raises PermissionDenied."""
    if not user.sees_partners:
        raise PermissionDenied(_("This page belongs to the school's liaison staff."))


def partner(request, pk):
    return school_page(Enterprise.objects.defer("grams", "search_text"), request, pk)  # most of a row, and never shown
