"""Doorbells of the clock: each asks the database what is due, so that a lost ring costs a minute at most."""

from celery import shared_task

from reminders import planner, sending


@shared_task
def plan():
    planner.plan()
    planner.prepare_drafts()


@shared_task
def send_due():
    sending.send_due()
