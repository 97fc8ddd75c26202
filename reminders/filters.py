"""What the list of deliveries can be narrowed by; shared by page and export."""

import django_filters as filters
from django import forms
from django.utils.translation import gettext_lazy as _

from records.models import Side
from reminders.models import Channel, Delivery, Task
from reminders.rules import rules
from reminders.workflow import DeliveryState


def rule_choices():
    return [(name, rule.label) for name, rule in rules().items()]


class DeliveryFilter(filters.FilterSet):
    rule = filters.ChoiceFilter(label=_("Rule"), choices=rule_choices, empty_label=_("every rule"))
    state = filters.ChoiceFilter(label=_("State"), choices=DeliveryState.choices, empty_label=_("every state"))
    channel = filters.ChoiceFilter(label=_("Channel"), choices=Channel.choices, empty_label=_("every channel"))
    side = filters.ChoiceFilter(
        label=_("Side"), choices=[choice for choice in Side.choices if choice[0] != Side.BOTH],
        empty_label=_("both sides"),
    )  # fmt: skip
    double = filters.BooleanFilter(
        field_name="may_be_double", label=_("possibly twice"),
        widget=forms.Select(choices=[("", _("once or twice")), ("true", _("possibly twice"))]),
    )  # fmt: skip

    class Meta:
        model = Delivery
        fields = []


def visible_deliveries(user):
    """A telling is seen by whoever sees its task."""
    return Delivery.objects.filter(task__in=Task.objects.visible_to(user))


def deliveries_for(user, data):
    """The filter over the tellings that `user` sees, narrowed by `data`."""
    return DeliveryFilter(data, queryset=visible_deliveries(user))
