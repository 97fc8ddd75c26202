"""Rows that hang on another, brought along in its own query: for the page of one thing, which shows a little of many.

    contracts = Contract.objects.filter(firm=OuterRef("pk")).order_by("-signed_on")
    firm = Firm.objects.annotate(signed=along(contracts, "id", "signed_on", "by__name")).get(pk=pk)
    firm.signed_shown = instances(Contract, firm.signed)

The instances hold the named fields only, for showing: what is not named reads as its default, and nothing is saved.
"""

from collections import defaultdict

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models.functions import JSONObject


def along(queryset, *names):
    """The rows of `queryset`, which names the outer row, in its order: of each the fields `names`."""
    return ArraySubquery(queryset.values(row_along=JSONObject(**{name: name for name in names})))


def instances(model, rows):
    return [_instance(model, row) for row in rows]


def _instance(model, row):
    own, related = {}, defaultdict(dict)
    for name, value in row.items():
        path, _, rest = name.partition("__")
        if rest:
            related[path][rest] = value
        else:
            own[name] = model._meta.get_field(name).to_python(value)
    for path, values in related.items():
        known = any(value is not None for value in values.values())
        own[path] = _instance(model._meta.get_field(path).related_model, values) if known else None
    return model(**own)
