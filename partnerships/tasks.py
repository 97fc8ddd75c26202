"""Doorbells: each body is one service call, and a lost ring is made good by the clock."""

import logging

from celery import shared_task

from partnerships.models import Import
from partnerships.services import imports
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
def check_stored_figures():
    """Each night: the stored last contact must be that of the rows behind it."""
    if differing := check_last_contact().count():
        log.error("%s enterprises show another last contact than their rows: run check_stored_figures", differing)
