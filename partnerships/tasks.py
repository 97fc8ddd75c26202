"""Doorbells: each body is one service call, and a lost ring is made good by the clock."""

import logging

from celery import shared_task
from django.utils import timezone

from partnerships.models import Import, Scan
from partnerships.services import imports
from partnerships.services.agreements import scans
from partnerships.services.agreements.terms import differing_terms, follow_horizon, run_clock
from partnerships.services.asks import expire_asks
from partnerships.services.health import differing_health, refresh, refresh_changed, take_snapshot
from partnerships.services.needs import lapse_needs
from partnerships.services.obligations import keep_reached
from partnerships.services.touchpoints import check_last_contact

log = logging.getLogger(__name__)


@shared_task
def read_import(pk):
    imports.read_import(Import.objects.get(pk=pk))


@shared_task
def finish_applying(pk):
    imports.finish_applying(Import.objects.get(pk=pk))


@shared_task
def pick_up_imports():
    imports.pick_up_imports()


@shared_task
def read_scan(pk):
    scans.read_scan(Scan.objects.get(pk=pk))


@shared_task
def finish_scan(pk):
    scans.finish_applying(Scan.objects.get(pk=pk))


@shared_task
def pick_up_scans():
    scans.pick_up_scans()


@shared_task
def run_agreement_clock():
    """Each hour, so that a machine that was off at midnight misses nothing."""
    run_clock(timezone.localdate())


@shared_task
def refresh_health():
    """Each night all; and once in a month how they stood when it began."""
    refresh()
    take_snapshot(timezone.localdate().replace(day=1))


@shared_task
def refresh_changed_health():
    """Each minute, so that lists follow what happens."""
    refresh_changed()


@shared_task
def lapse_needs_and_asks():
    """Each hour, as the clock of agreements."""
    today = timezone.localdate()
    lapse_needs(today)
    expire_asks(today)


@shared_task
def follow_obligations():
    """Each night: keep what counts by itself and is reached, and write down what has come within the horizon."""
    keep_reached()
    follow_horizon(timezone.localdate())


@shared_task
def check_stored_figures():
    """Each night: what is stored must be what the rows behind it say."""
    if differing := len(differing_terms(timezone.localdate())):
        log.error("%s agreements show another term than their rows: run check_stored_figures", differing)
    if differing := check_last_contact().count():
        log.error("%s enterprises show another last contact than their rows: run check_stored_figures", differing)
    if differing := len(differing_health()):
        log.error("%s partnerships show another health than their rows: run check_stored_figures", differing)
