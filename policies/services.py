"""Writing and reading the national tables."""

from functools import cache

from django.db import transaction
from django.db.models import Max, Q
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


@transaction.atomic
def load_specialties(category=models.SpecialtyCategory, specialty=models.Specialty, affinity=models.Affinity):
    """The same for specialties, their categories, and how close these are to industries; returns the three numbers.

    A school's own rows stay: what the files do not hold is not touched. A migration passes its historical models.
    """
    categories, specialties = tables.read("specialty_categories.csv"), tables.read("specialties.csv")
    affinities = tables.read("affinities.csv")
    category.objects.bulk_create(
        [category(**row) for row in categories],
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=["name", "name_en"],
    )
    specialty.objects.bulk_create(
        [specialty(category_id=row["code"][:2], **row) for row in specialties],
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=["name", "name_en", "category"],
    )
    affinity.objects.bulk_create(
        [affinity(category_id=row.pop("category"), industry_id=row.pop("industry"), **row) for row in affinities],
        update_conflicts=True,
        unique_fields=["category", "industry", "since"],
        update_fields=["closeness", "source", "confidence"],
    )
    return len(categories), len(specialties), len(affinities)


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


def affinities_of(categories, day):
    """{industry code: closeness} of the industries to which specialties of these categories lead on `day`.

    Of several categories the closest counts. One small query.
    """
    rows = models.Affinity.objects.filter(Q(until=None) | Q(until__gte=day), category__in=categories, since__lte=day)
    return {row["industry"]: row["best"] for row in rows.order_by().values("industry").annotate(best=Max("closeness"))}


def categories_near(industry, day):
    """{category code: closeness}: the same the other way round, for an enterprise of this industry."""
    rows = models.Affinity.objects.filter(Q(until=None) | Q(until__gte=day), industry=industry, since__lte=day)
    return dict(rows.order_by().values_list("category", "closeness"))


def gazetteer():
    """The table `rules.place` reads, made from the database in one query; keep it for the length of an import."""
    return rules.make_gazetteer(models.Region.objects.values_list("code", "parent_id", "name", "districts"))


def trades():
    """The table `rules.industry` reads, made from the database in one query; keep it for the length of an import."""
    return rules.make_trades(models.Industry.objects.values_list("code", "name", "words"))
