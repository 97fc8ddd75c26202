"""Doorbells: each body is one service call, and a lost ring is made good by the clock."""

from celery import shared_task

from reports import services


@shared_task
def write_exports():
    """One export; where there may be another, the bell rings again, so that other work comes in between."""
    if services.write_next():
        write_exports.delay()


@shared_task
def expire_exports():
    services.expire_exports()


@shared_task
def count_rhythm():
    services.count_rhythm()
