"""The clock's round: each body is one service call, and finds what a lost ring left behind."""

import logging

import pytest
from django.conf import settings
from django.utils.module_loading import import_string

from partnerships import tasks
from partnerships.models import Enterprise
from partnerships.workflow import ImportState
from tests.partnerships.lists import as_xlsx, layout
from tests.partnerships.test_imports import GOOD, apply, upload

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("entry", settings.CELERY_BEAT_SCHEDULE.values(), ids=settings.CELERY_BEAT_SCHEDULE)
def test_the_clock_names_tasks_that_exist(entry):
    assert import_string(entry["task"]).name == entry["task"]


def test_a_ring_reads_and_applies_an_import(cast, settings, tmp_path):
    settings.FILES_DIR = tmp_path
    batch = upload(cast.officer, as_xlsx(layout(GOOD), merged=False))
    tasks.read_import(batch.pk)
    batch.refresh_from_db()
    assert batch.state == ImportState.PREVIEW
    apply(batch)
    tasks.finish_applying(batch.pk)  # a second ring changes nothing
    batch.refresh_from_db()
    assert batch.state == ImportState.APPLIED


def test_a_wrong_figure_is_told_at_night(cast, caplog):
    with caplog.at_level(logging.ERROR):
        tasks.check_stored_figures()
        assert not caplog.records
        Enterprise.objects.filter(pk=cast.a.pk).update(last_contact_at="2026-01-01T00:00:00Z")
        tasks.check_stored_figures()
    assert "1 enterprises" in caplog.text
