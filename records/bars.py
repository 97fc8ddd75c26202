"""Figures by month as bars: geometry for templates/_months.html."""

from functools import partial

#: A label stands below every so manieth bar, counted from the last.
LABELLED = 6


def bars_of(values, *, most=None):
    """[bar] of [(name, value)], in percent of the drawing; without height where the value is None."""
    values = list(values)
    most = most or max([value or 0 for _name, value in values] + [1])
    wide, percent = 100 / max(len(values), 1), partial("{:.2f}%".format)
    return [
        {
            "x": percent(n * wide + wide * 0.15),
            "width": percent(wide * 0.7),
            "middle": percent(n * wide + wide / 2),
            "y": percent(100 - (value or 0) / most * 100),
            "height": percent((value or 0) / most * 100),
            "value": value,
            "month": name,
            "label": name if (len(values) - 1 - n) % LABELLED == 0 else "",
        }
        for n, (name, value) in enumerate(values)
    ]
