"""What is typed about a trip: the short form of the phone, and the complete record."""

import uuid

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import PARTNER_ROLES, User
from partnerships.forms.editing import DayField
from partnerships.forms.thread import FilesField, SeveralFiles
from partnerships.forms.touchpoints import TILES, DetailsForm
from partnerships.models import Enterprise, Touchpoint, Trip
from partnerships.models.touchpoint import EvidenceTag, Kind
from records.files import PICTURES

#: So many enterprises stand in the list before anything is searched, and so many after.
OFFERED = 12


def check_days(form):
    first, last = form.cleaned_data.get("starts_on"), form.cleaned_data.get("ends_on")
    if first and last and last < first:
        form.add_error("ends_on", _("The last day cannot lie before the first."))


class PastDayField(DayField):
    """A day that has come."""

    def clean(self, value):
        day = super().clean(value)
        if day and day > timezone.localdate():
            raise ValidationError(_("This day lies ahead: log it once it has happened."))
        return day


class EnterprisesField(forms.ModelMultipleChoiceField):
    """Enterprises chosen from a list that the template draws: those ticked first, then what was searched or is near."""

    default_error_messages = {
        "required": _("Choose at least one enterprise."),
        "invalid_choice": _("One of the enterprises cannot be chosen any more."),
    }


def near(user, ticked, words="", without=()):
    """The enterprises the form offers: ticked ones, then those found by `words`, or else the ones user is busy with."""
    everything = Enterprise.objects.visible_to(user).current().exclude(pk__in=without)
    chosen = list(everything.filter(pk__in=ticked).order_by("sort_key", "pk"))
    others = everything.exclude(pk__in=[row.pk for row in chosen])
    if words.strip():
        return chosen, list(others.named_like(words).order_by("sort_key", "pk")[:OFFERED])
    recent = Touchpoint.objects.filter(logged_by=user).order_by("-logged_at").values_list("enterprise", flat=True)
    lately = set(recent[: 4 * OFFERED])
    rows = others.filter(Q(pk__in=lately) | Q(owner=user)).order_by("-last_contact_at", "pk")[:OFFERED]
    return chosen, list(rows) or list(others.order_by("-last_contact_at", "pk")[:OFFERED])


class TripForm(forms.Form):
    """Four taps and a sentence: which enterprises, which day, how, what about; a picture if there is one."""

    enterprises = EnterprisesField(label=_("enterprises"), queryset=None)
    starts_on = PastDayField(label=_("day"))
    kind = forms.ChoiceField(
        label=_("how"), choices=[(k, k.label) for k in (Kind.VISIT, Kind.MEETING, Kind.RECEIVED)],
        widget=forms.RadioSelect(attrs=TILES),
    )  # fmt: skip
    summary = forms.CharField(
        label=_("what it was about"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("One sentence. Every enterprise of the trip reads it; what concerns one alone comes afterwards."),
    )  # fmt: skip
    files = FilesField(
        label=_("pictures"), kinds=PICTURES, widget=SeveralFiles(attrs={"accept": "image/jpeg,image/png,image/webp"}),
        help_text=_("One enterprise: it sees them too. Several: they stay with the school until you share them."),
    )  # fmt: skip
    ends_on = PastDayField(label=_("last day"), required=False)
    leader = forms.CharField(label=_("led by"), max_length=60, required=False)
    colleagues = forms.ModelMultipleChoiceField(
        label=_("colleagues"), queryset=User.objects.active().filter(role__in=PARTNER_ROLES), required=False,
        widget=forms.CheckboxSelectMultiple(attrs=TILES),
    )  # fmt: skip
    others = forms.CharField(label=_("others who came along"), max_length=200, required=False)
    tags = forms.MultipleChoiceField(
        label=_("evidence for"), choices=EvidenceTag, required=False, widget=forms.CheckboxSelectMultiple(attrs=TILES)
    )
    form_key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["enterprises"].queryset = Enterprise.objects.visible_to(user).current()
        self.initial = {
            "starts_on": timezone.localdate(),
            "kind": Kind.VISIT,
            "form_key": uuid.uuid4(),
        } | self.initial

    def clean(self):
        check_days(self)

    @property
    def log(self):
        """The keyword arguments of services.trips.log_trip."""
        return dict(self.cleaned_data)


class TripRecordForm(forms.ModelForm):
    """The tour as a whole, under its version."""

    starts_on = PastDayField(label=_("day"))
    ends_on = PastDayField(label=_("last day"))
    tags = forms.MultipleChoiceField(
        label=_("evidence for"), choices=EvidenceTag, required=False, widget=forms.CheckboxSelectMultiple(attrs=TILES)
    )
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    enterprises = EnterprisesField(label=_("further enterprises"), queryset=None, required=False)
    follow_up_on = DayField(label=_("follow up until"), required=False)
    files = FilesField(
        label=_("pictures and papers of the whole trip"),
        help_text=_("They stay with the school. What one enterprise may see belongs to its own part below."),
    )

    class Meta:
        model = Trip
        fields = [
            "kind", "starts_on", "ends_on", "leader", "head_count", "colleagues", "others", "summary", "follow_up_by",
            "follow_up_on", "tags",
        ]  # fmt: skip
        widgets = {
            "summary": forms.Textarea(attrs={"rows": 2}),
            "colleagues": forms.CheckboxSelectMultiple(attrs=TILES),
        }

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("version", self.instance.version)
        self.fields["colleagues"].queryset = User.objects.active().filter(role__in=PARTNER_ROLES)
        self.fields["enterprises"].queryset = Enterprise.objects.visible_to(user).current()

    def clean(self):
        check_days(self)
        return self.cleaned_data

    @property
    def changes(self):
        return {name: self.cleaned_data[name] for name in self.Meta.fields}

    def _post_clean(self):
        """The row is checked and written by the service, never by the form."""


class TripPartForm(DetailsForm):
    """What concerns one enterprise of the tour alone."""

    files = FilesField(label=_("pictures and papers"), help_text=_("This enterprise sees them."))

    class Meta(DetailsForm.Meta):
        fields = ["summary", *DetailsForm.Meta.fields]
        labels = {"summary": _("a sentence of its own")}
        help_texts = DetailsForm.Meta.help_texts | {
            "summary": _("Only where it differs from the sentence of the trip; this enterprise reads it instead.")
        }
        widgets = DetailsForm.Meta.widgets | {"summary": forms.Textarea(attrs={"rows": 2})}

    def __init__(self, *args, instance, **kwargs):
        kwargs.setdefault("prefix", f"e{instance.enterprise_id}")
        super().__init__(*args, instance=instance, **kwargs)
        if instance.summary == instance.trip.summary:
            self.initial["summary"] = ""
        self.fields["people"].help_text = ""

    @property
    def details(self):
        return {name: self.cleaned_data[name] for name in self.Meta.fields}

    def _post_clean(self):
        """The row is checked and written by the service, never by the form."""


class GiveForm(forms.Form):
    """Which enterprise may see one file of the tour."""

    to = forms.TypedChoiceField(required=False, coerce=int, empty_value=None)

    def __init__(self, *args, file, owner, touchpoints, **kwargs):
        super().__init__(*args, prefix=f"f{file.pk}", **kwargs)
        self.file = file
        field = self.fields["to"]
        field.label = _("who sees %(name)s") % {"name": file.name}
        field.choices = [("", _("only the school"))] + [
            (row.enterprise_id, row.enterprise.title) for row in touchpoints
        ]
        self.initial["to"] = owner or ""
