"""Writing and reading the national tables."""

from functools import cache

from django.db import transaction
from django.utils.translation import get_language

from policies import models, rules, tables


@transaction.atomic
def load_tables(region=models.Region, industry=models.Industry):
    """Bring both tables to the state of the files in data/, and say how many rows each file holds.

    Effects: rows are added or updated by code; a code the file no longer has stays, since enterprises may refer to it.
    Loading twice changes nothing. A migration passes its historical models.
    """
    regions, industries = tables.read("regions.csv"), tables.read("industries.csv")
    for row in regions:
        row["parent_id"] = row.pop("parent") or None
    region.objects.bulk_create(
        [region(**row) for row in regions],
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=["name", "name_en", "level", "parent", "districts"],
    )
    industry.objects.bulk_create(
        [industry(section=row["code"][0], **row) for row in industries],
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=["section", "name", "name_en", "words"],
    )
    for kept in (_provinces, _cities, _industries, _names, codes_within):
        kept.cache_clear()
    return len(regions), len(industries)


# --- the tables as choices: they change with a release only, so a process reads them once ---------------------------


def province_choices():
    """(code, name) of every province, in the reader's language."""
    return _provinces(get_language())


def city_choices(province):
    """(code, name) of every city of that province, in the reader's language; none where there is no such province."""
    return _cities(get_language()).get(province, ()) if province else ()


def industry_choices():
    """(code, name) of every division, in the reader's language."""
    return _industries(get_language())


@cache
def _provinces(language):
    return tuple((region.pk, str(region)) for region in models.Region.objects.provinces())


@cache
def _cities(language):
    cities = {code: [] for code, _name in _provinces(language)}
    for region in models.Region.objects.filter(parent__in=cities).order_by("pk"):
        cities[region.parent_id].append((region.pk, str(region)))
    return cities


@cache
def _industries(language):
    return tuple((industry.pk, str(industry)) for industry in models.Industry.objects.all())


def region_names():
    """Code -> name of every region, in the reader's language: a list of many rows needs no row of the table itself."""
    return _names(models.Region, get_language())


def industry_names():
    """Code -> name of every division, in the reader's language."""
    return _names(models.Industry, get_language())


@cache
def _names(model, language):
    return {row.pk: str(row) for row in model.objects.all()}


@cache
def codes_within(code):
    """The codes of a province and its cities; of a city its own."""
    return tuple(models.Region.objects.within(code).order_by("pk").values_list("pk", flat=True))


def gazetteer():
    """The table `rules.place` reads, made from the database in one query; keep it for the length of an import."""
    return rules.make_gazetteer(models.Region.objects.values_list("code", "parent_id", "name", "districts"))


def trades():
    """The table `rules.industry` reads, made from the database in one query; keep it for the length of an import."""
    return rules.make_trades(models.Industry.objects.values_list("code", "name", "words"))
