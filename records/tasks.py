"""The nightly sweep of files that no row knows."""

from celery import shared_task

from records import files


@shared_task
def sweep_files():
    files.sweep_files()
