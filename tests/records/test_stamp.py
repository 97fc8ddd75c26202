"""A stamp draws what a loop draws, and renders once what does not depend on the row."""

from datetime import date

import pytest
from django.template import TemplateSyntaxError, engines
from django.utils.safestring import mark_safe


def looped(tag, inside, **context):
    end = f"{{% end{tag} %}}"
    return engines["django"].from_string(f"{{% {tag} row in rows %}}{inside}{end}").render(context)


ROWS = [
    {"name": "恒力", "note": mark_safe("<b>!</b>"), "number": 1_234, "more": ["a", "b"], "day": date(2026, 11, 23)},
    {"name": "<a&b>", "note": "100%", "number": 0, "more": [], "day": None},
]


@pytest.mark.parametrize(
    "inside",
    [
        '<i data-label="{{ label }}" width="50%">{{ row.name }}{{ row.note }}{{ row.number }}</i>',
        "{% if row.more %}{{ label }}{{ row.name }}{% else %}{% if row.number %}x{% else %}{{ row.note }}{% endif %}{% endif %}",
        "{% if row.number > 1 %}a{% elif row.name %}b{% endif %}",
        "{% for one in row.more %}{{ one }}{{ label }}{% empty %}none{% endfor %}",
        "{{ row.name|upper }}{{ row.more.0 }}{% with name=row.name %}{{ name }}{% endwith %}",
        '{% include "_empty.html" with title=row.name text=label only %}',
        '{% if label %}{% translate "Name" %}{% endif %}{{ row.day|date:"Y-m-d" }}',
    ],
)
def test_a_stamp_draws_what_a_loop_draws(inside):
    assert looped("stamp", inside, rows=ROWS, label="名%s") == looped("for", inside, rows=ROWS, label="名%s")
    assert looped("stamp", inside, rows=[], label="") == ""


def test_a_stamp_renders_once_what_does_not_depend_on_the_row():
    class Counted:
        times = 0

        def __str__(self):
            self.times += 1
            return "x"

    counted = Counted()
    assert looped("stamp", "{{ counted }}{{ row.name }}", rows=ROWS, counted=counted) == "x恒力x&lt;a&amp;b&gt;"
    assert counted.times == 1


def test_a_stamp_says_how_it_is_written_and_what_is_missing():
    with pytest.raises(TemplateSyntaxError, match="stamp row in rows"):
        engines["django"].from_string("{% stamp rows %}{% endstamp %}")
    with pytest.raises(KeyError, match="nothing"):
        looped("stamp", "{{ row.nothing }}", rows=ROWS)
