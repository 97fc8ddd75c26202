"""Rows with many rules: full_clean() asks the database about all of them at once."""

from functools import cache, reduce
from operator import and_

from django.core.exceptions import FieldError, ValidationError
from django.db import connections, models, router
from django.db.models import BooleanField, CheckConstraint, Expression, F, Q, Value
from django.db.models.functions import Coalesce
from django.db.models.sql import Query


class RuledModel(models.Model):
    """For models that services check before they write, and that carry more than one or two conditions.

    Django asks about each condition by itself, in three trips, and puts the question anew each time. Where all are
    kept, which is nearly always, one question says so; else Django finds out which are broken, and their sentences.
    """

    class Meta:
        abstract = True

    def validate_constraints(self, exclude=None):
        exclude = frozenset(exclude or ())
        using = router.db_for_write(type(self), instance=self)
        try:
            kept = self._keeps_conditions(exclude, using)
            for constraint in self._meta.constraints if kept else ():
                if not isinstance(constraint, CheckConstraint):
                    constraint.validate(type(self), self, exclude=exclude, using=using)
        except (FieldError, ValidationError):  # a condition on an excluded field; another kind of rule, broken
            kept = False
        if not kept:
            super().validate_constraints(exclude=exclude)

    def _keeps_conditions(self, exclude, using):
        connection = connections[using]
        question, parameters = question_of(type(self), exclude, using)
        filled_in = [one.of(self, connection) if isinstance(one, Blank) else one for one in parameters]
        # Without a savepoint, unlike Django: what the database cannot compare here, it could not save either.
        with connection.cursor() as cursor:
            cursor.execute(question, filled_in)
            return cursor.fetchone() is not None


class Blank(Expression):
    """Stands in the question where the value of a field belongs; each row fills in its own."""

    def as_sql(self, compiler, connection):
        placeholder = getattr(self.output_field, "get_placeholder", lambda *_: "%s")
        return placeholder(None, compiler, connection), [self]

    def of(self, row, connection):
        value = getattr(row, self.output_field.attname)
        if hasattr(value, "resolve_expression"):
            raise FieldError("Only the database knows this value.")
        return self.output_field.get_db_prep_value(value, connection)


@cache
def question_of(model, exclude, using):
    """(SQL, parameters) that find a row if every condition of the model that needs no excluded field is kept.

    As in a constraint, what is unknown is kept.
    """
    conditions = [one.condition for one in model._meta.constraints if isinstance(one, CheckConstraint)]
    asked = [one for one in conditions if not exclude & one.referenced_base_fields]
    names = {one.name for condition in asked for one in condition.flatten() if isinstance(one, F)}
    names = names.union(*(one.referenced_base_fields for one in asked))
    query = Query(None)
    for field in model._meta.local_fields:
        if field.name in names:
            query.add_annotation(Blank(output_field=field), field.name, select=False)
    query.add_annotation(Value(1), "kept")
    query.add_q(reduce(and_, (Q(Coalesce(one, True, output_field=BooleanField())) for one in asked), Q()))
    return query.get_compiler(using=using).as_sql()
