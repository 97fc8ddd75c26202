"""Queries whose SQL is written once: for pages that ask the database many small things.

Django writes the SQL of a query anew for every request, and of a small query this costs more than its answer. Here a
queryset is built once for each role, with a Slot wherever a request has its own value:

    def waiting(person, today):
        return Task.objects.visible_to(person).filter(owner=person, due_on__lte=today).values_list("pk", "due_on")

    prepared.rows(waiting, user, today=timezone.localdate())

`person` stands in for the user: a slot for their key that answers for their role, so that visible_to() stays the only
door. The queryset names its columns by values_list(), and depends on nothing but the role, the arguments given by
position, and its slots; it must not be built of the day, the language or another attribute of the user.
"""

from collections import defaultdict, namedtuple
from dataclasses import dataclass

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BooleanField, F, Func, Value

from records.keyset import COUNT_CAP

#: (build, role, arguments by position) -> Statement; build -> (model, Statement, names) of instances()
_statements = {}


class Slot(Value):
    """A value that is filled in each time the statement runs; of the type of `value`, its first one."""

    def __init__(self, name, value):
        super().__init__(name, Value(value).output_field)

    def as_sql(self, compiler, connection):
        return "%s", [self]


class Among(Func):
    """Whether the first is one of the array that the slot is filled with."""

    template, arg_joiner, output_field = "%(expressions)s)", " = ANY(", BooleanField()


class Person(Slot):
    """Whoever asks: a slot for their key, and what visible_to() wants to know of their role."""

    def __init__(self, user):
        super().__init__("user", user.pk)
        self.role, self.is_authenticated, self.is_active = user.role, user.is_authenticated, user.is_active
        self.is_school, self.sees_partners = user.is_school, user.sees_partners
        self.sees_everything = user.sees_everything


@dataclass(frozen=True)
class Statement:
    """What the database is asked. Without any SQL where Django knows that there are no rows."""

    sql: str = ""
    parameters: tuple = ()
    row: type = tuple

    def run(self, values, around=("", "")):
        if not self.sql:
            return []
        with connection.cursor() as cursor:
            filled_in = [values[one.value] if isinstance(one, Slot) else one for one in self.parameters]
            cursor.execute(self.sql.join(around), filled_in)
            return cursor.fetchall()


def rows(build, user, *arguments, **values):
    """The rows of build(person, *arguments, **slots) as named tuples; one query."""
    statement = _statement(build, user, arguments, values)
    return [statement.row._make(row) for row in statement.run(values | {"user": user.pk})]


def count(build, user, *arguments, **values):
    """How many rows it has, at most keyset.COUNT_CAP; one query."""
    around = "SELECT COUNT(*) FROM (", f" LIMIT {COUNT_CAP}) subquery"
    found = _statement(build, user, arguments, values).run(values | {"user": user.pk}, around)
    return found[0][0] if found else 0


def instances(build, keys):
    """{key: instance} of the rows of build() that have one of `keys`; one query.

    The queryset names by values_list() what an instance holds: columns, annotations, and columns of related ones
    ("agreement__title"), of these all that is read; of its own always the key, "pk". The keys are those of rows that
    somebody may see.
    """
    keys = list(keys)
    if not keys:
        return {}
    if build not in _statements:
        keyed = build().filter(Among(F("pk"), Slot("keys", 0)))
        _statements[build] = keyed.model, Statement(*keyed.query.sql_with_params()), keyed.query.selected
    model, statement, names = _statements[build]
    found = [dict(zip(names, row, strict=True)) for row in statement.run({"keys": keys})]
    return {row["pk"]: _instance(model, row) for row in found}


def _instance(model, values):
    """An instance of `values` {path: value}; the related ones hold their part, and one of nothing but nulls is None."""
    own, related = {}, defaultdict(dict)
    for path, value in values.items():
        name, _between, rest = path.partition("__")
        if rest:
            related[name][rest] = value
        else:
            own[model._meta.pk.attname if name == "pk" else name] = value
    columns = [field.attname for field in model._meta.concrete_fields if field.attname in own]
    instance = model.from_db(None, columns, [own.pop(name) for name in columns])
    for name, value in own.items():
        setattr(instance, name, value)
    for name, its in related.items():
        field = model._meta.get_field(name)
        there = any(value is not None for value in its.values())
        field.set_cached_value(instance, _instance(field.related_model, its) if there else None)
    return instance


def _statement(build, user, arguments, values):
    key = build, user.role, user.is_active, arguments
    if key not in _statements:
        queryset = build(Person(user), *arguments, **{name: Slot(name, value) for name, value in values.items()})
        try:
            sql, parameters = queryset.query.sql_with_params()
        except EmptyResultSet:
            _statements[key] = Statement()
        else:
            columns = (queryset.query.combined_queries or [queryset.query])[0].selected
            _statements[key] = Statement(sql, parameters, namedtuple("Row", columns))
    return _statements[key]
