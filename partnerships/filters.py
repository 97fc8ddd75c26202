"""What a list of partners can be narrowed by; shared by the page and the export."""

from functools import lru_cache

import django_filters as filters
from django import forms
from django.db.models import Q
from django.forms.utils import flatatt
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _
from django_filters.fields import ModelChoiceField, ModelChoiceIterator
from django_filters.widgets import BooleanWidget

from accounts.models import PARTNER_ROLES, Department, User
from partnerships.models import Enterprise
from partnerships.models.enterprise import RED_FLAG
from partnerships.rhythms import in_rhythm
from partnerships.rules.rhythm import Rhythm
from policies.models import Region
from policies.services import codes_within, industry_choices, province_choices


def cities(request):
    """The cities of the chosen province; none before one is chosen, so that the page stays light."""
    province = request.GET.get("province", "") if request else ""
    return Region.objects.filter(parent=province) if province.isdecimal() else Region.objects.none()


# --- the panel shows some 150 options on every page: drawn one by one through templates they cost more than the list --


class Options(forms.Select):
    """A select without groups, drawn in one go."""

    def drawn(self):
        return draw_options(tuple((str("" if key is None else key), str(label)) for key, label in self.choices))

    def render(self, name, value, attrs=None, renderer=None):
        drawn = self.drawn()
        for chosen in self.format_value(value):
            mark = format_html('value="{}"', chosen)
            drawn = drawn.replace(mark, mark + " selected", 1)
        return format_html(
            '<select name="{}"{}>{}</select>', name, flatatt(self.build_attrs(self.attrs, attrs)), mark_safe(drawn)
        )


class TableOptions(Options):
    """The rows of a national table, which are the same for everybody: drawn once for each language."""

    def __init__(self, table):
        super().__init__()
        self.table = table

    def drawn(self):
        return draw_options((("", str(_("any"))), *self.table()))


class YesOrNo(BooleanWidget, Options):
    """Any, yes or no, drawn the same way."""


@lru_cache(maxsize=64)
def draw_options(choices):
    return str(format_html_join("", '<option value="{}">{}</option>', choices))


class InOneGo(ModelChoiceIterator):
    """Read at once: a cursor on the server for a dozen rows costs three trips."""

    def __iter__(self):
        yield ("", self.field.empty_label)
        for row in self.queryset.all():
            yield self.choice(row)


class RowField(ModelChoiceField):
    iterator = InOneGo


class RowFilter(filters.ModelChoiceFilter):
    field_class = RowField


class EnterpriseFilter(filters.FilterSet):
    q = filters.CharFilter(label=_("Search"), method="search")
    mine = filters.BooleanFilter(label=_("Portfolio"), method="only_mine")
    state = filters.ChoiceFilter(
        label=_("State"), choices=Enterprise.State.choices, empty_label=_("any"), widget=Options
    )
    tier = filters.ChoiceFilter(label=_("Tier"), choices=Enterprise.Tier.choices, empty_label=_("any"), widget=Options)
    rhythm = filters.ChoiceFilter(
        label=_("Contact rhythm"), choices=Rhythm.choices, method="standing_in", empty_label=_("any"), widget=Options
    )
    relation = filters.ChoiceFilter(
        label=_("Relation"), choices=Enterprise.Relation.choices, empty_label=_("any"), widget=Options
    )
    department = RowFilter(
        label=_("Department"), queryset=Department.objects.all(), method="of_department", empty_label=_("any"),
        widget=Options,
    )  # fmt: skip
    owner = RowFilter(
        label=_("Owner"),
        queryset=User.objects.filter(role__in=PARTNER_ROLES).only("name", "name_en"),
        empty_label=_("any"),
        widget=Options,
    )
    province = filters.ChoiceFilter(
        label=_("Province"),
        choices=province_choices,
        method="within_province",
        empty_label=_("any"),
        widget=TableOptions(province_choices),
    )
    region = RowFilter(label=_("City"), queryset=cities, empty_label=_("any"), widget=Options)
    industry = filters.ChoiceFilter(
        label=_("Industry"), choices=industry_choices, empty_label=_("any"), widget=TableOptions(industry_choices)
    )
    size = filters.ChoiceFilter(
        label=_("Size"), choices=[c for c in Enterprise.Size.choices if c[0]], empty_label=_("any"), widget=Options
    )
    flagged = filters.BooleanFilter(label=_("Red flag"), method="with_red_flag", widget=YesOrNo)

    class Meta:
        model = Enterprise
        fields = []

    def search(self, queryset, name, value):
        return queryset.named_like(value)

    def only_mine(self, queryset, name, value):
        return queryset.filter(owner=self.request.user) if value else queryset

    def standing_in(self, queryset, name, value):
        return queryset.filter(in_rhythm(value, timezone.localdate()))

    def of_department(self, queryset, name, value):
        shared = Enterprise.departments.through.objects.filter(department=value).values("enterprise")
        return queryset.filter(Q(lead_department=value) | Q(pk__in=shared))

    def within_province(self, queryset, name, value):
        return queryset.filter(region__in=codes_within(value))

    def with_red_flag(self, queryset, name, value):
        return queryset.filter(RED_FLAG if value else ~RED_FLAG)
