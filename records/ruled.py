"""Rows with many rules: full_clean() asks the database about all of them at once."""

from functools import reduce
from operator import and_

from django.core.exceptions import FieldError, ValidationError
from django.db import models, router
from django.db.models import BooleanField, CheckConstraint, Q
from django.db.models.functions import Coalesce


class RuledModel(models.Model):
    """For models that services check before they write, and that carry more than one or two conditions.

    Django asks about each condition by itself, in three trips. Where all are kept, which is nearly always, one
    question says so; else Django finds out which are broken, and their sentences.
    """

    class Meta:
        abstract = True

    def validate_constraints(self, exclude=None):
        conditions = [one for one in self._meta.constraints if isinstance(one, CheckConstraint)]
        using = router.db_for_write(type(self), instance=self)
        try:
            kept = self._keeps([one.condition for one in conditions], set(exclude or ()), using)
            for constraint in self._meta.constraints if kept else ():
                if constraint not in conditions:
                    constraint.validate(type(self), self, exclude=exclude, using=using)
        except (FieldError, ValidationError):  # a condition on an excluded field; another kind of rule, broken
            kept = False
        if not kept:
            super().validate_constraints(exclude=exclude)

    def _keeps(self, conditions, exclude, using):
        """Whether the row keeps all of them; as in a constraint, what is unknown is kept."""
        asked = [one for one in conditions if not exclude & one.referenced_base_fields]
        if not asked:
            return True
        whole = reduce(and_, (Q(Coalesce(one, True, output_field=BooleanField())) for one in asked))
        return whole.check(self._get_field_expression_map(meta=self._meta, exclude=exclude), using=using)
