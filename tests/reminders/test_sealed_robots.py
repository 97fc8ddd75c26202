"""Robots from before their keys were sealed: the migration seals them, and opens them on the way back."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from reminders.models import Robot


def migrate(name):
    executor = MigrationExecutor(connection)
    executor.migrate([("reminders", name)])


def stored():
    with connection.cursor() as cursor:
        cursor.execute("SELECT token, secret FROM reminders_robot ORDER BY name")
        return cursor.fetchall()


@pytest.mark.django_db(transaction=True)
def test_keys_in_plain_text_are_sealed_and_back():
    plain = [("abc0123456789def", "s3cr3ts3cr3t"), ("fed9876543210cba", "")]
    for (token, secret), name, kind in zip(plain, ("a", "b"), ("dingtalk", "feishu"), strict=True):
        Robot.objects.create(name=name, kind=kind, token=token, secret=secret, rules=["gap"])
    try:
        migrate("0004_robots")
        assert stored() == plain
    finally:
        migrate("0005_sealed_robots")
    assert all(token.startswith("gAAAA") for token, _secret in stored())
    assert [(row.token, row.secret) for row in Robot.objects.order_by("name")] == plain
