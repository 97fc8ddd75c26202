"""What is typed to correct one exchange, or to take it back."""

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partnerships.forms.touchpoints import SIDES, TILES, DetailsForm, WhenMixin
from partnerships.models import Touchpoint
from partnerships.models.touchpoint import Kind, Precision
from partnerships.services.corrections import OF_TRIP

WHEN = ("day", "time", "precision")


def when_of(touchpoint):
    """The day, time and precision as the form shows them; a time stands there only where the minute is known."""
    moment = timezone.localtime(touchpoint.happened_at)
    is_exact = touchpoint.precision == Precision.MOMENT
    return {
        "day": moment.date(),
        "time": moment.time().replace(second=0, microsecond=0) if is_exact else None,
        "precision": Precision.DAY if is_exact else touchpoint.precision,
    }


class CorrectForm(WhenMixin, DetailsForm):
    """One exchange as the school corrects it, under its version; of a tour's part without what the tour says."""

    kind = forms.ChoiceField(label=_("how"), choices=Kind, widget=forms.RadioSelect(attrs=TILES))
    side = forms.ChoiceField(label=_("who came forward"), choices=SIDES, widget=forms.RadioSelect(attrs=TILES))
    is_two_way = forms.BooleanField(label=_("both sides spoke"), required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    field_order = ["kind", "side", *WHEN, "summary", "is_two_way"]

    class Meta(DetailsForm.Meta):
        fields = ["summary", "is_two_way", *DetailsForm.Meta.fields]
        widgets = DetailsForm.Meta.widgets | {"summary": forms.Textarea(attrs={"rows": 2})}

    def __init__(self, *args, touchpoint, **kwargs):
        own = {"kind": touchpoint.kind, "side": touchpoint.side, "version": touchpoint.version}
        super().__init__(*args, instance=touchpoint, initial=own | when_of(touchpoint), **kwargs)
        self.touchpoint = touchpoint
        if touchpoint.trip_id:
            for name in {*OF_TRIP, *WHEN} & self.fields.keys():
                del self.fields[name]

    def _post_clean(self):
        """The row is checked and written by the service, never by the form."""

    @property
    def changes(self):
        """Field → value, only of what was changed by hand."""
        changed = {name: self.cleaned_data[name] for name in self.changed_data if name not in ("version", *WHEN)}
        if set(WHEN) & set(self.changed_data):
            changed["happened_at"], changed["precision"] = self.when
        return changed


class EnterpriseCorrectForm(WhenMixin, forms.ModelForm):
    """One exchange as the enterprise corrects what it logged itself."""

    kind = CorrectForm.base_fields["kind"]
    version = CorrectForm.base_fields["version"]
    field_order = ["kind", *WHEN, "summary", "wishes"]

    class Meta:
        model = Touchpoint
        fields = ["summary", "wishes"]
        labels = {"wishes": _("what you wish for")}
        widgets = {name: forms.Textarea(attrs={"rows": 2}) for name in fields}

    def __init__(self, *args, touchpoint, **kwargs):
        own = {"kind": touchpoint.kind, "version": touchpoint.version}
        super().__init__(*args, instance=touchpoint, initial=own | when_of(touchpoint), **kwargs)
        self.touchpoint = touchpoint
        self.fields["summary"].required = True

    _post_clean = CorrectForm._post_clean
    changes = CorrectForm.changes


class WithdrawForm(forms.Form):
    reason = forms.CharField(
        label=_("why it is taken back"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Only the school reads the reason."),
        error_messages={"required": _("Say why it is taken back.")},
    )  # fmt: skip
