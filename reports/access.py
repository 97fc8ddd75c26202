"""Who lands on which page after signing in."""

from django.urls import reverse


def staff_home(user):
    """Everyone of the school lands on Today."""
    return reverse("reports:today") if user.is_school else None
