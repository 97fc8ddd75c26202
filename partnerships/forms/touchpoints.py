"""What is typed about one exchange."""

import uuid
from datetime import datetime

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partnerships.forms.editing import DayField
from partnerships.forms.thread import FilesField
from partnerships.models import Touchpoint
from partnerships.models.touchpoint import Kind, Precision
from partnerships.services.touchpoints import start_of
from records.models import Side

TILES = {"class": "tiles"}
SIDES = [(Side.SCHOOL, _("the school")), (Side.ENTERPRISE, _("the enterprise"))]
EXACTLY = [(p, p.label) for p in Precision if p != Precision.MOMENT]


class DetailsForm(forms.ModelForm):
    """What was said in one exchange, beside the sentence."""

    class Meta:
        model = Touchpoint
        fields = ["people", "agreed", "wishes", "jobs_offered", "internships_offered", "private_note"]
        widgets = {
            "agreed": forms.Textarea(attrs={"rows": 2}),
            "wishes": forms.Textarea(attrs={"rows": 2}),
            "private_note": forms.Textarea(attrs={"rows": 2}),
        }
        help_texts = {
            "agreed": _("Both sides read this."),
            "people": _("Name and position, as both sides would write it."),
            "private_note": _("Never shown to the enterprise."),
        }


class WhenMixin(forms.Form):
    """A day that is known to the day, the month, the term or the year; with a time, to the minute."""

    day = DayField(label=_("day"))
    time = forms.TimeField(label=_("time"), required=False, widget=forms.TimeInput(attrs={"type": "time"}))
    precision = forms.ChoiceField(label=_("known"), choices=EXACTLY, required=False)

    def clean_day(self):
        day = self.cleaned_data["day"]
        if day > timezone.localdate():
            raise ValidationError(_("This day lies ahead: log it once it has happened."))
        return day

    @property
    def when(self):
        """(happened_at, precision) of the exchange."""
        day, time = self.cleaned_data["day"], self.cleaned_data["time"]
        if time:
            return timezone.make_aware(datetime.combine(day, time)), Precision.MOMENT
        precision = self.cleaned_data["precision"] or Precision.DAY
        return start_of(day, precision), precision


class TouchpointForm(WhenMixin, DetailsForm):
    """One exchange with one enterprise, as the school logs it."""

    kind = forms.ChoiceField(label=_("how"), choices=Kind, widget=forms.RadioSelect(attrs=TILES))
    side = forms.ChoiceField(label=_("who came forward"), choices=SIDES, widget=forms.RadioSelect(attrs=TILES))
    summary = forms.CharField(
        label=_("what it was about"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("One sentence; the enterprise reads it too."),
    )  # fmt: skip
    is_two_way = forms.BooleanField(
        label=_("both sides spoke"), required=False, help_text=_("Leave this empty for a call nobody answered.")
    )
    contacts = forms.ModelMultipleChoiceField(
        label=_("spoken with"), queryset=None, required=False, widget=forms.CheckboxSelectMultiple(attrs=TILES)
    )
    files = FilesField(label=_("pictures and papers"), help_text=_("Both sides see them."))
    form_key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args, enterprise, **kwargs):
        initial = {
            "kind": Kind.CALL,
            "side": Side.SCHOOL,
            "day": timezone.localdate(),
            "precision": Precision.DAY,
            "is_two_way": True,
            "form_key": uuid.uuid4(),
        }
        super().__init__(*args, initial=initial | kwargs.pop("initial", {}), **kwargs)
        self.fields["contacts"].queryset = enterprise.contacts.present()
        for name in ("jobs_offered", "internships_offered"):
            self.fields[name].widget.attrs["inputmode"] = "numeric"

    @property
    def said(self):
        """The keyword arguments of services.touchpoints.log_touchpoint."""
        values = dict(self.cleaned_data)
        happened_at, precision = self.when
        for name in ("day", "time"):
            del values[name]
        return values | {"happened_at": happened_at, "precision": precision}


class EnterpriseTouchpointForm(WhenMixin):
    """One exchange as HR staff log it in the portal: the same day and sentence, no note the other side cannot read."""

    kind = forms.ChoiceField(label=_("how"), choices=Kind, widget=forms.RadioSelect(attrs=TILES), initial=Kind.CALL)
    summary = forms.CharField(
        label=_("what it was about"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("One sentence; the school reads it too."),
    )  # fmt: skip
    wishes = forms.CharField(
        label=_("what you wish for"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    files = FilesField(label=_("pictures and papers"), help_text=_("Both sides see them."))
    form_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    field_order = ["kind", "day", "time", "precision", "summary", "wishes", "files"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("day", timezone.localdate())

    said = TouchpointForm.said
