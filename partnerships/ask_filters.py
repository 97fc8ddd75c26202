"""What the lists of needs, offers and asks can be narrowed by; shared by page and export."""

import django_filters as filters
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partnerships.filters import Asked, departments, one_of, row_of
from partnerships.models import Ask, Enterprise, Need, Offer
from partnerships.workflow import AskState, NeedState

SIDES = (("enterprise", _("of enterprises")), ("department", _("of departments")))
#: What is over stays out of the lists unless it is asked for.
OVER = {"needs": (NeedState.MET, NeedState.WITHDRAWN, NeedState.LAPSED),
        "asks": (AskState.DECLINED, AskState.DONE, AskState.EXPIRED, AskState.WITHDRAWN)}  # fmt: skip


def need_states():
    return Need.State.choices


def need_kinds():
    return Need.Kind.choices


def offer_kinds():
    return Offer.Kind.choices


def ask_states():
    return Ask.State.choices


def ask_kinds():
    return Ask.Kind.choices


def sides():
    return SIDES


class WithoutTheClosed(filters.FilterSet):
    """A list that shows what is over only when asked for it, by state or with all."""

    over = ()

    def filter_queryset(self, queryset):
        queryset = super().filter_queryset(queryset)
        asked = self.form.cleaned_data
        return queryset if asked.get("closed") or asked.get("state") else queryset.exclude(state__in=self.over)

    def with_closed(self, queryset, name, value):
        return queryset


class NeedFilter(WithoutTheClosed):
    q = filters.CharFilter(label=_("Partner or word"), method="search")
    mine = filters.BooleanFilter(label=_("My partners"), method="only_mine")
    closed = filters.BooleanFilter(label=_("With the closed ones"), method="with_closed")
    enterprise = filters.NumberFilter(label=_("Enterprise"), field_name="enterprise")
    side = one_of(_("Who looks"), sides, method="of_side")
    kind = one_of(_("Kind"), need_kinds)
    state = one_of(_("State"), need_states)
    department = row_of(_("Department"), departments, method="of_department")
    over = OVER["needs"]

    class Meta:
        model = Need
        fields = []

    def search(self, queryset, name, value):
        partners = Enterprise.objects.named_like(value).values("pk")
        return queryset.filter(Q(enterprise__in=partners) | Q(title__icontains=value) | Q(text__icontains=value))

    def only_mine(self, queryset, name, value):
        user = self.request.user
        mine = Q(enterprise__owner=user) | (Q(department=user.department_id) if user.department_id else Q(pk__in=[]))
        return queryset.filter(mine) if value else queryset

    def of_side(self, queryset, name, value):
        return queryset.of_enterprises() if value == "enterprise" else queryset.of_school()

    def of_department(self, queryset, name, value):
        return queryset.filter(Q(department=value) | Q(enterprise__lead_department=value))


class OfferFilter(filters.FilterSet):
    q = filters.CharFilter(label=_("Title, word or specialty"), method="search")
    closed = filters.BooleanFilter(label=_("With what is no longer offered"), method="with_closed")
    kind = one_of(_("Kind"), offer_kinds)
    department = row_of(_("Department"), departments)

    class Meta:
        model = Offer
        fields = []

    def search(self, queryset, name, value):
        found = Q(title__icontains=value) | Q(title_en__icontains=value) | Q(text__icontains=value)
        found |= Q(specialties__name__icontains=value)
        return queryset.filter(pk__in=Offer.objects.filter(found).values("pk"))

    def filter_queryset(self, queryset):
        queryset = super().filter_queryset(queryset)
        return queryset if self.form.cleaned_data.get("closed") else queryset.standing()

    def with_closed(self, queryset, name, value):
        return queryset


class AskFilter(WithoutTheClosed):
    q = filters.CharFilter(label=_("Partner or word"), method="search")
    mine = filters.BooleanFilter(label=_("Asked by me"), method="only_mine")
    closed = filters.BooleanFilter(label=_("With the closed ones"), method="with_closed")
    enterprise = filters.NumberFilter(label=_("Enterprise"), field_name="enterprise")
    kind = one_of(_("Kind"), ask_kinds)
    state = one_of(_("State"), ask_states)
    department = row_of(_("Department"), departments)
    over = OVER["asks"]

    class Meta:
        model = Ask
        fields = []

    def search(self, queryset, name, value):
        partners = Enterprise.objects.named_like(value).values("pk")
        return queryset.filter(Q(enterprise__in=partners) | Q(text__icontains=value))

    def only_mine(self, queryset, name, value):
        return queryset.filter(asked_by=self.request.user) if value else queryset


def needs_narrowed(user, data):
    """The filter over the needs that `user` sees, narrowed by `data`; a value that does not exist narrows nothing."""
    return NeedFilter(data, queryset=Need.objects.visible_to(user), request=Asked(user, data))


def offers_narrowed(user, data):
    """The same for offers, with how much of them is given away."""
    rows = Offer.objects.visible_to(user).with_taken(timezone.localdate())
    return OfferFilter(data, queryset=rows, request=Asked(user, data))


def asks_narrowed(user, data):
    """The same for asks."""
    return AskFilter(data, queryset=Ask.objects.visible_to(user), request=Asked(user, data))
