"""The private calendar address of one person."""

from django.utils import timezone

from partnerships.models import CalendarFeed
from records.links import new_code

FEED_CODE = 28


def make_feed(user):
    """Give `user` a private calendar address, a new one in place of the old, which ends at once."""
    feed, _new = CalendarFeed.objects.update_or_create(
        user=user, defaults={"code": new_code(FEED_CODE), "made_at": timezone.now()}
    )  # fmt: skip
    return feed


def end_feed(user):
    """End the private calendar address of `user`."""
    CalendarFeed.objects.filter(user=user).delete()
