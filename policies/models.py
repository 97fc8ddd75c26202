"""The two national tables that other pages refer to: where (GB/T 2260) and in which trade (GB/T 4754)."""

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
