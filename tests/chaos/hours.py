"""A run may take place at night: every hour of its days is a decent one."""

from datetime import time

from reminders import working


def open_all_day():
    working.MORNING, working.EVENING = time.min, time.max
