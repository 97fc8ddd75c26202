"""Which afternoons we offer when we ask for a visit."""

from datetime import timedelta

#: Wednesday and Thursday: the middle of the week, when people of both sides are there.
WEEKDAYS = (2, 3)
#: Nobody is asked for tomorrow.
NOTICE = timedelta(days=2)
FAR = 60


def suggested_days(today, is_working, most=2):
    """The next `most` Wednesdays and Thursdays, at least two days ahead, on which people are at work.

    `is_working` is a function (day) -> bool. Fewer than `most` where holidays leave none within two months.
    """
    first = today + NOTICE
    days = (first + timedelta(days=n) for n in range(FAR))
    found = [day for day in days if day.weekday() in WEEKDAYS and is_working(day)]
    return found[:most]
