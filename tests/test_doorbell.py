"""The broker in a folder: whoever looks while a message is written sees nothing of it, or all of it."""

import os
from queue import Empty

import pytest
from kombu import Connection
from kombu.transport import filesystem

import config.celery  # noqa: F401 -- names our transport


@pytest.fixture
def channel(tmp_path):
    for name in ("queue", "control"):
        (tmp_path / name).mkdir()
    folder = str(tmp_path / "queue")
    options = {"data_folder_in": folder, "data_folder_out": folder, "control_folder": str(tmp_path / "control")}
    with Connection("filesystem://", transport_options=options) as connection:
        yield connection.default_channel


def look(channel):
    try:
        return channel._get("bell")
    except Empty:
        return None


def test_a_message_appears_whole(channel, monkeypatch):
    seen, replace = [], os.replace

    def rename(source, target):
        seen.append(look(channel))
        replace(source, target)

    monkeypatch.setattr(os, "replace", rename)
    channel._put("bell", {"id": 7})
    assert seen == [None]
    assert look(channel) == {"id": 7}
    assert look(channel) is None


def test_messages_are_taken_in_their_order(channel, monkeypatch):
    moments = iter([1.0, 2.0, 3.0])
    monkeypatch.setattr("config.doorbell.time.monotonic", lambda: next(moments))
    for number in range(3):
        channel._put("bell", number)
    assert [look(channel) for _n in range(3)] == [0, 1, 2]


def test_without_the_renaming_a_worker_reads_half_a_message(channel, monkeypatch):
    """What kombu's own channel does: the file stands under its name before anything is in it."""
    broken = []

    def write(payload):
        try:
            look(channel)
        except ValueError as error:
            broken.append(error)
        return "{}"

    monkeypatch.setattr(filesystem, "dumps", write)
    filesystem.Channel._put(channel, "bell", {"id": 7})
    assert broken
