"""Doorbells: each body is one service call, and a lost ring is made good by the clock."""

import logging

from celery import shared_task
from django.utils import timezone

from partnerships.models import Import
from partnerships.services import imports
from partnerships.services.agreements.terms import differing_terms, run_clock
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
def run_agreement_clock():
    """Each hour, so that a machine that was off at midnight misses nothing."""
    run_clock(timezone.localdate())


@shared_task
def check_stored_figures():
    """Each night: the stored last contact and the stored terms must be those of the rows behind them."""
    if differing := len(differing_terms(timezone.localdate())):
        log.error("%s agreements show another term than their rows: run check_stored_figures", differing)
    if differing := check_last_contact().count():
        log.error("%s enterprises show another last contact than their rows: run check_stored_figures", differing)
