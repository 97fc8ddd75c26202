import pytest
import time_machine as machine
from django.test import Client


@pytest.fixture
def client_elsewhere():
    """The same or another person in another browser."""
    return Client(headers={"user-agent": "elsewhere"}, REMOTE_ADDR="127.0.0.9")


@pytest.fixture
def time_machine():
    """A clock to move: move_to(), shift()."""

    class Clock:
        traveller = None

        def move_to(self, moment, tick=False):
            self.stop()
            self.traveller = machine.travel(moment, tick=tick)
            self.coordinates = self.traveller.start()

        def shift(self, seconds):
            self.coordinates.shift(seconds)

        def stop(self):
            if self.traveller:
                self.traveller.stop()
                self.traveller = None

    clock = Clock()
    yield clock
    clock.stop()
