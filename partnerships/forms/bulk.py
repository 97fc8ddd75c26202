"""What is to become of several partners at once: one small form for each kind of change."""

import uuid

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import Department, Role, User
from partnerships.models import Enterprise
from partnerships.models.bulk import BulkAction
from partnerships.rules.rhythm import LONGEST, SHORTEST


class BulkForm(forms.Form):
    """The base: a key that makes a second press harmless. `value` is what the service keeps."""

    form_key = forms.UUIDField(widget=forms.HiddenInput, required=False)

    @property
    def value(self):
        return {}

    @property
    def key(self):
        return self.cleaned_data["form_key"] or uuid.uuid4()


class ManyHandedOverForm(BulkForm):
    owner = forms.ModelChoiceField(
        label=_("owner"), queryset=User.objects.none(), required=False, empty_label=_("as it is now"),
        help_text=_("Sees them in the own portfolio and is asked for the next step."),
    )  # fmt: skip
    lead_department = forms.ModelChoiceField(
        label=_("lead department"), queryset=Department.objects.none(), required=False, empty_label=_("as it is now"),
        help_text=_("Its officers may change these partners too."),
    )  # fmt: skip

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = User.objects.active().filter(role__in=[Role.OFFICER, Role.LEAD])
        self.fields["lead_department"].queryset = Department.objects.filter(is_open=True)

    def clean(self):
        cleaned = super().clean()
        if not self.errors and not (cleaned.get("owner") or cleaned.get("lead_department")):
            raise ValidationError(_("Choose an owner, a department, or both."))
        return cleaned

    @property
    def value(self):
        named = {name: self.cleaned_data[name] for name in ("owner", "lead_department")}
        return {name: row.pk for name, row in named.items() if row}


class TierForm(BulkForm):
    tier = forms.TypedChoiceField(label=_("tier"), choices=Enterprise.Tier.choices, coerce=int)

    @property
    def value(self):
        return {"tier": self.cleaned_data["tier"]}


class ManyCadencesForm(BulkForm):
    cadence_days = forms.IntegerField(
        label=_("own contact cadence in days"), required=False, min_value=SHORTEST, max_value=LONGEST,
        help_text=_("Empty: as the tier says (strategic 30, core 60, general 90 days)."),
    )  # fmt: skip

    @property
    def value(self):
        return {"cadence_days": self.cleaned_data["cadence_days"]}


FORMS = {
    BulkAction.HAND_OVER: ManyHandedOverForm,
    BulkAction.TIER: TierForm,
    BulkAction.CADENCE: ManyCadencesForm,
    BulkAction.MESSAGES_ON: BulkForm,
    BulkAction.MESSAGES_OFF: BulkForm,
}
