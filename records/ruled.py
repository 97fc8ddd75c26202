"""Rows with many rules: full_clean() asks the database about all of them at once."""

from functools import cache, reduce
from operator import and_

from django.core.exceptions import FieldError, ValidationError
from django.db import models, router
from django.db.models import BooleanField, CheckConstraint, F, Q
from django.db.models.functions import Coalesce


class RuledModel(models.Model):
    """For models that services check before they write, and that carry more than one or two conditions.

    Django asks about each condition by itself, in three trips. Where all are kept, which is nearly always, one
    question says so; else Django finds out which are broken, and their sentences.
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
        whole, names = conditions_of(type(self), exclude)
        values = self._get_field_expression_map(meta=self._meta, exclude=exclude)
        return whole.check({name: values[name] for name in names & values.keys()}, using=using)


@cache
def conditions_of(model, exclude):
    """Every condition of the model that needs no excluded field, as one, and the fields that it names.

    As in a constraint, what is unknown is kept.
    """
    conditions = [one.condition for one in model._meta.constraints if isinstance(one, CheckConstraint)]
    asked = [one for one in conditions if not exclude & one.referenced_base_fields]
    names = {one.name for condition in asked for one in condition.flatten() if isinstance(one, F)}
    names = names.union(*(one.referenced_base_fields for one in asked))
    return reduce(and_, (Q(Coalesce(one, True, output_field=BooleanField())) for one in asked), Q()), names
