"""The tables that other pages refer to: where (GB/T 2260), in which trade (GB/T 4754), and what is studied."""

from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


def _readers(name, name_en):
    """The Chinese name to a Chinese reader (and where no language is active), else the English one."""
    return name_en if (get_language() or "zh").startswith("en") and name_en else name


class RegionQuerySet(models.QuerySet):
    def within(self, code):
        """A province and its cities; a city alone."""
        return self.filter(Q(code=code) | Q(parent=code))

    def provinces(self):
        return self.filter(level=Region.Level.PROVINCE)


class Region(models.Model):
    """A province-level unit, or a city: a prefecture-level unit or a county-level one ruled by its province directly.

    A municipality (Beijing, Tianjin, Shanghai, Chongqing) and a special administrative region is one row,
    of province level: it has no city beneath it.
    """

    class Level(models.TextChoices):
        PROVINCE = "province", _("province")
        CITY = "city", _("city")

    code = models.CharField(_("code"), max_length=6, primary_key=True, db_collation="C")
    name = models.CharField(_("name"), max_length=40)
    name_en = models.CharField(_("name in English"), max_length=40)
    level = models.CharField(_("level"), max_length=8, choices=Level)
    parent = models.ForeignKey(
        "self", models.PROTECT, verbose_name=_("province"), null=True, blank=True, related_name="cities"
    )
    districts = models.TextField(
        _("districts and counties"), blank=True, help_text=_("Names divided by spaces; they place an address.")
    )

    objects = RegionQuerySet.as_manager()

    class Meta:
        verbose_name = _("region")
        verbose_name_plural = _("regions")
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                name="region_code_is_six_digits",
                condition=Q(code__regex=r"^[1-9][0-9]{5}$"),
                violation_error_message=_("A region code has six digits."),
            ),
            models.CheckConstraint(
                name="region_city_has_province",
                condition=Q(level="province", parent=None) | Q(level="city", parent__isnull=False),
                violation_error_message=_("A city belongs to a province; a province belongs to none."),
            ),
        ]

    def __str__(self):
        return _readers(self.name, self.name_en)

    @property
    def province(self):
        return self.parent or self

    @property
    def province_code(self):
        """Without a query."""
        return self.parent_id or self.code

    @property
    def full_name(self):
        """浙江省杭州市; Hangzhou, Zhejiang."""
        if self.parent_id is None:
            return str(self)
        return _readers(f"{self.parent.name}{self.name}", f"{self.name_en}, {self.parent.name_en}")


class Section(models.TextChoices):
    """The twenty sections of GB/T 4754-2017."""

    A = "A", _("Agriculture, forestry, animal husbandry and fishery")
    B = "B", _("Mining")
    C = "C", _("Manufacturing")
    D = "D", _("Electricity, heat, gas and water supply")
    E = "E", _("Construction")
    F = "F", _("Wholesale and retail trade")
    G = "G", _("Transport, storage and post")
    H = "H", _("Accommodation and food services")
    I = "I", _("Information transmission, software and information technology")  # noqa: E741
    J = "J", _("Finance")
    K = "K", _("Real estate")
    L = "L", _("Leasing and business services")
    M = "M", _("Scientific research and technical services")
    N = "N", _("Water conservancy, environment and public facilities")
    O = "O", _("Residential, repair and other services")  # noqa: E741
    P = "P", _("Education")
    Q = "Q", _("Health and social work")
    R = "R", _("Culture, sports and entertainment")
    S = "S", _("Public administration, social security and social organisations")
    T = "T", _("International organisations")


class Industry(models.Model):
    """A division (大类) of GB/T 4754-2017, with the words staff use for it in their lists."""

    code = models.CharField(_("code"), max_length=3, primary_key=True, db_collation="C")
    section = models.CharField(_("section"), max_length=1, choices=Section)
    name = models.CharField(_("name"), max_length=40)
    name_en = models.CharField(_("name in English"), max_length=100)
    words = models.TextField(_("words in use"), blank=True, help_text=_("Words divided by spaces; they place a trade."))

    class Meta:
        verbose_name = _("industry")
        verbose_name_plural = _("industries")
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                name="industry_code_is_letter_and_two_digits",
                condition=Q(code__regex=r"^[A-T][0-9]{2}$"),
                violation_error_message=_("A division's code is its section's letter and two digits."),
            ),
            models.CheckConstraint(
                name="industry_code_begins_with_section",
                condition=Q(code__startswith=models.F("section")),
                violation_error_message=_("A division's code begins with its section's letter."),
            ),
        ]

    def __str__(self):
        return _readers(self.name, self.name_en)


class ReadableTable(models.Model):
    """A row known by its code, with a name in both languages."""

    name = models.CharField(_("name"), max_length=40)
    name_en = models.CharField(_("name in English"), max_length=100)

    class Meta:
        abstract = True

    def __str__(self):
        return _readers(self.name, self.name_en)


class SpecialtyCategory(ReadableTable):
    """A category (专业大类) of the national catalogue of vocational specialties of 2021, by its code of 高职专科."""

    code = models.CharField(_("code"), max_length=2, primary_key=True, db_collation="C")

    class Meta:
        verbose_name = _("category of specialties")
        verbose_name_plural = _("categories of specialties")
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                name="specialty_category_code_form",
                condition=Q(code__regex=r"^(4[1-9]|5[0-9])$"),
                violation_error_message=_("A category's code has two digits, from 41 to 59."),
            ),
        ]


class Specialty(ReadableTable):
    """A specialty (专业) of the national catalogue; a K marks those that the state controls."""

    code = models.CharField(_("code"), max_length=7, primary_key=True, db_collation="C")
    category = models.ForeignKey(
        SpecialtyCategory, models.PROTECT, related_name="specialties", verbose_name=_("category of specialties")
    )

    class Meta:
        verbose_name = _("specialty")
        verbose_name_plural = _("specialties")
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                name="specialty_code_form",
                condition=Q(code__regex=r"^[45][0-9]{5}K?$"),
                violation_error_message=_("A specialty's code has six digits, and a K where the state controls it."),
            ),
            models.CheckConstraint(
                name="specialty_code_begins_with_category",
                condition=Q(code__startswith=models.F("category")),
                violation_error_message=_("A specialty's code begins with that of its category."),
            ),
        ]


class Affinity(models.Model):
    """How close the specialties of a category are to an industry; dated, and only as sure as its source."""

    class Closeness(models.IntegerChoices):
        CORE = 3, _("its own trade")
        NEAR = 2, _("close")
        POSSIBLE = 1, _("possible")

    class Confidence(models.TextChoices):
        TEXT = "T", _("text read")
        SECONDARY = "S", _("secondary source")
        UNVERIFIED = "O", _("to be confirmed")

    category = models.ForeignKey(
        SpecialtyCategory, models.PROTECT, related_name="affinities", verbose_name=_("category of specialties")
    )
    industry = models.ForeignKey(Industry, models.PROTECT, related_name="affinities", verbose_name=_("industry"))
    closeness = models.PositiveSmallIntegerField(_("how close"), choices=Closeness)
    since = models.DateField(_("counts from"))
    until = models.DateField(_("counts until"), null=True, blank=True)
    source = models.CharField(_("source"), max_length=100)
    confidence = models.CharField(_("how sure"), max_length=1, choices=Confidence)

    class Meta:
        verbose_name = _("affinity of specialties and industry")
        verbose_name_plural = _("affinities of specialties and industries")
        ordering = ["category", "-closeness", "industry"]
        constraints = [
            models.UniqueConstraint(
                name="affinity_once",
                fields=["category", "industry", "since"],
                violation_error_message=_("This pair stands in the table already."),
            ),
            models.CheckConstraint(
                name="affinity_closeness_known",
                condition=Q(closeness__in=[1, 2, 3]),
                violation_error_message=_("Choose one of the three."),
            ),
            models.CheckConstraint(
                name="affinity_ends_after_start",
                condition=Q(until=None) | Q(until__gte=models.F("since")),
                violation_error_message=_("The last day cannot lie before the first."),
            ),
        ]

    def __str__(self):
        return f"{self.category_id} {self.industry_id}"
