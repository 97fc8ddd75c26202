"""Pages of a list by key instead of by number: the last page costs what the first one costs.

    page = keyset.page(queryset, SORTS, request.GET, size=50)

A sort is a column that is never NULL and carries an index (column, id); one of a row that each row has is written
with the relation before it ("enterprise__sort_key"). The address of a page is `after=` or
`before=` with the key of its neighbour row, or `end=1` for the last page.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db.models import F
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from django.utils import timezone

#: A count stops here: the page says "more than 1,000".
COUNT_CAP = 1_001


@dataclass(frozen=True)
class Count:
    """A number of rows, exact up to the cap."""

    number: int

    @property
    def is_capped(self):
        return self.number >= COUNT_CAP

    @property
    def shown(self):
        return min(self.number, COUNT_CAP - 1)


@dataclass(frozen=True)
class Page:
    """One page of a list: its rows in order, and the addresses (query strings) of its neighbours ('' = none)."""

    rows: list
    sort: str
    previous: str
    next: str
    last: str

    def __iter__(self):
        return iter(self.rows)

    def __len__(self):
        return len(self.rows)


def count(queryset):
    """Count at most COUNT_CAP rows, by a LIMIT inside the database."""
    return Count(queryset.order_by()[:COUNT_CAP].count())


def page(queryset, sorts, parameters, *, default, size=50):
    """Return the Page of `queryset` that `parameters` (a QueryDict with sort, after, before, end) ask for.

    `sorts` maps the public name of a sort to its column; a leading "-" in the parameter turns it round. Unknown
    sorts and keys that cannot be read fall back to `default` and to the first page.
    """
    sort = parameters.get("sort", default)
    if sort.removeprefix("-") not in sorts:
        sort = default
    column = sorts[sort.removeprefix("-")]
    descending = sort.startswith("-")
    field = _field(queryset.model, column)

    after, before = _read_key(parameters.get("after"), field), _read_key(parameters.get("before"), field)
    backwards = bool(before) or bool(parameters.get("end"))
    key = before or after
    walk_down = descending != backwards
    if key:
        lookup = TupleLessThan if walk_down else TupleGreaterThan
        queryset = queryset.filter(lookup(Tuple(F(column), F("pk")), key))
    order = [F(column).desc(), F("pk").desc()] if walk_down else [F(column).asc(), F("pk").asc()]
    rows = list(queryset.order_by(*order)[: size + 1])
    more, rows = len(rows) > size, rows[:size]
    if backwards:
        rows.reverse()

    has_next = bool(before) or (more and not backwards)
    has_previous = bool(after) or (more and backwards)
    return Page(
        rows=rows,
        sort=sort,
        previous=_address(parameters, before=_key_of(rows[0], column)) if rows and has_previous else "",
        next=_address(parameters, after=_key_of(rows[-1], column)) if rows and has_next else "",
        last=_address(parameters, end="1") if has_next else "",
    )


def _address(parameters, **place):
    query = parameters.copy()
    for name in ("after", "before", "end"):
        query.pop(name, None)
    for name, value in place.items():
        query[name] = value
    return "?" + query.urlencode()


def _field(model, column):
    *path, name = column.split("__")
    for part in path:
        model = model._meta.get_field(part).related_model
    return model._meta.get_field(name)


def _key_of(row, column):
    *path, name = column.split("__")
    of = row
    for part in path:
        of = getattr(of, part)
    field = of._meta.get_field(name)
    text = json.dumps([field.value_to_string(of), row.pk], ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_key(text, field):
    """The key an address carries, or None: people shorten addresses, and strangers try what happens."""
    if not text:
        return None
    try:
        value, pk = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        value = field.to_python(value)
        if value is None or b"\x00" in str(value).encode():  # PostgreSQL keeps neither this nor half a character
            return None
        if isinstance(value, datetime) and timezone.is_naive(value):
            return None
        return value, int(pk)
    except (binascii.Error, UnicodeError, ValueError, TypeError, ValidationError, OverflowError, RecursionError):
        return None
