"""What people type about the rhythm of contact and the days on which an enterprise is closed."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partnerships.forms.editing import DayField, EditForm
from partnerships.models import Enterprise, Shutdown
from partnerships.rules.rhythm import LONGEST, SHORTEST
from partnerships.services.cadence import FAR


class CadenceForm(EditForm):
    """The own cadence of a partner."""

    cadence_days = forms.IntegerField(
        label=_("own contact cadence in days"), required=False, min_value=SHORTEST, max_value=LONGEST,
        help_text=_("Empty: as the tier says (strategic 30, core 60, general 90 days)."),
    )  # fmt: skip

    class Meta:
        model = Enterprise
        fields = ["cadence_days"]


class SwitchForm(forms.Form):
    """Whether messages leave by themselves, under the version the person saw."""

    version = forms.IntegerField(min_value=0)
    on = forms.BooleanField(required=False)


class ShutdownForm(forms.Form):
    """Days on which an enterprise is closed."""

    starts_on = DayField(label=_("first day"))
    ends_on = DayField(label=_("last day"))
    note = forms.CharField(
        label=_("note"), required=False, max_length=Shutdown._meta.get_field("note").max_length,
        help_text=_("Such as: Spring Festival, overhaul of the line."),
    )  # fmt: skip

    def clean(self):
        first, last = self.cleaned_data.get("starts_on"), self.cleaned_data.get("ends_on")
        if first and last:
            if last < first:
                raise ValidationError({"ends_on": _("The last day cannot lie before the first.")})
            if last < timezone.localdate():
                raise ValidationError({"ends_on": _("These days are over.")})
            if last > timezone.localdate() + FAR:
                raise ValidationError({"ends_on": _("Choose days within the next two years.")})
        return self.cleaned_data
