"""What is typed about seminars: the plan, whom to invite, answers, who was there, minutes, what follows, how it was."""

import uuid
from datetime import timedelta

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import PARTNER_ROLES, User
from partnerships.forms.editing import DayField
from partnerships.forms.links import WhoForm
from partnerships.forms.trips import EnterprisesField
from partnerships.models import Enterprise, ProxyEntry, Seminar
from partnerships.models.seminar import Answer
from partnerships.rules.seminars import MOST, PACES, rule_of
from partnerships.services.seminars import FIELDS

TILES = {"class": "tiles"}
PACE_LABELS = {"weekly": _("every week"), "fortnightly": _("every two weeks"), "monthly": _("every month")}


class MomentField(forms.DateTimeField):
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class SeminarForm(forms.ModelForm):
    """The plan. Checked here for what people mistype, and again by the service on the locked row."""

    starts_at = MomentField(label=_("begins"))
    ends_at = MomentField(label=_("ends"))
    online = forms.URLField(label=_("online address"), max_length=300, required=False, assume_scheme="https")
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0, required=False)
    form_key = forms.UUIDField(widget=forms.HiddenInput, required=False)
    repeats = forms.ChoiceField(
        label=_("repeats"), required=False, choices=[("", _("once")), *((pace, PACE_LABELS[pace]) for pace in PACES)],
        help_text=_("A series: each event of it can be moved or cancelled on its own afterwards."),
    )  # fmt: skip
    count = forms.IntegerField(
        label=_("how many times"), required=False, min_value=2, max_value=MOST, help_text=_("Only for a series.")
    )

    class Meta:
        model = Seminar
        fields = FIELDS
        widgets = {"agenda": forms.Textarea(attrs={"rows": 4})}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.order_fields(["kind", "title", "starts_at", "ends_at", "repeats", "count", "place", "online"])
        if self.instance.pk:
            for name in ("repeats", "count", "form_key"):
                del self.fields[name]
            self.initial["version"] = self.instance.version
        else:
            del self.fields["version"]
            self.initial.setdefault("form_key", uuid.uuid4())

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("repeats") and not cleaned.get("count"):
            self.add_error("count", _("Say how often, or until when."))
        if not cleaned.get("place") and not cleaned.get("online"):
            self.add_error("place", _("Give a place or an online address."))
        begins, ends = cleaned.get("starts_at"), cleaned.get("ends_at")
        if begins and ends and ends <= begins:
            self.add_error("ends_at", _("It must end after it begins."))
        return cleaned

    def _post_clean(self):
        """The row is checked and written by the service, never by the form."""

    @property
    def values(self):
        return {name: self.cleaned_data[name] for name in FIELDS}

    @property
    def rule(self):
        """The series' rule, or empty for a single one."""
        return rule_of(self.cleaned_data["repeats"], self.cleaned_data["count"]) if self.cleaned_data["repeats"] else ""


class InviteForm(forms.Form):
    enterprises = EnterprisesField(label=_("enterprises"), queryset=None, required=False)
    users = forms.ModelMultipleChoiceField(
        label=_("colleagues of ours"), queryset=User.objects.none(), required=False,
        widget=forms.CheckboxSelectMultiple(attrs=TILES),
    )  # fmt: skip
    whole_series = forms.BooleanField(label=_("to every event of the series still to come"), required=False)

    def __init__(self, *args, user, seminar, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["enterprises"].queryset = Enterprise.objects.visible_to(user).current()
        colleagues = User.objects.active().filter(role__in=PARTNER_ROLES)
        self.fields["users"].queryset = colleagues.exclude(
            pk__in=seminar.guests.filter(user__isnull=False).values("user")
        )
        if seminar.series_id is None:
            del self.fields["whole_series"]

    def clean(self):
        cleaned = super().clean()
        if not cleaned.get("enterprises") and not cleaned.get("users") and not self.errors:
            raise ValidationError(_("Choose whom to invite."))
        return cleaned


class AnswerForm(forms.Form):
    """Yes with how many, number plate and meal; perhaps; no."""

    answer = forms.ChoiceField(
        label=_("Do you come?"), choices=[(a, a.label) for a in (Answer.YES, Answer.MAYBE, Answer.NO)],
        widget=forms.RadioSelect(attrs=TILES), error_messages={"required": _("Choose an answer.")},
    )  # fmt: skip
    head_count = forms.IntegerField(label=_("how many people"), required=False, min_value=1, max_value=99)
    number_plate = forms.CharField(
        label=_("number plate"), max_length=60, required=False, help_text=_("So that the gate lets you in.")
    )
    meal = forms.BooleanField(label=_("we stay for the meal"), required=False)

    def __init__(self, *args, guest, **kwargs):
        super().__init__(*args, **kwargs)
        labels = {Answer.YES: _("Yes, we come"), Answer.MAYBE: _("Perhaps"), Answer.NO: _("No, not this time")}
        self.fields["answer"].choices = list(labels.items())
        if guest.answer != Answer.NONE:
            for name in ("answer", "head_count", "number_plate", "meal"):
                self.initial.setdefault(name, getattr(guest, name))
        if guest.user_id:
            del self.fields["head_count"]
        else:
            self.initial.setdefault("head_count", 1)

    @property
    def said(self):
        names = ("answer", "head_count", "number_plate", "meal", "source", "said_by")
        return {name: self.cleaned_data[name] for name in names if name in self.cleaned_data}


class AnswerOnBehalfForm(AnswerForm):
    source = forms.ChoiceField(
        label=_("how it was said"), choices=ProxyEntry.Source, initial=ProxyEntry.Source.PHONE,
        widget=forms.RadioSelect(attrs=TILES),
    )  # fmt: skip
    said_by = forms.CharField(label=_("who said it"), max_length=60)
    field_order = ["source", "said_by", "answer"]


class AnswerByLinkForm(AnswerForm, WhoForm):
    """The link may have been forwarded: who is it?"""

    field_order = ["answer", "head_count", "number_plate", "meal", "who", "name"]


class DoorForm(forms.Form):
    """At the door: typed, not picked, so that the page tells nobody who else is invited."""

    company = forms.CharField(
        label=_("your enterprise"), max_length=100, required=False,
        help_text=_("Its short name is enough. Leave it empty if you come from the school, or for yourself."),
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )  # fmt: skip
    name = forms.CharField(
        label=_("your name"), max_length=60, widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": _("Please type your name.")},
    )  # fmt: skip
    phone = forms.CharField(
        label=_("your phone"), max_length=40, required=False, help_text=_("If you like."),
        widget=forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel"}),
    )  # fmt: skip


class ArriveForm(WhoForm):
    """At the door with the link of the invitation: the enterprise is known, its people are picked."""


class SheetForm(forms.Form):
    """One line of the paper sheet: of a guest, or of whatever is written there."""

    guest = forms.ModelChoiceField(label=_("guest"), queryset=None, required=False, empty_label=_("somebody else"))
    company = forms.CharField(label=_("company, as written"), max_length=100, required=False)
    name = forms.CharField(label=_("full name"), max_length=60)

    def __init__(self, *args, seminar, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["guest"].queryset = seminar.guests.select_related("enterprise", "user")


class FeedbackForm(forms.Form):
    """Three questions; only the first has to be answered."""

    useful = forms.TypedChoiceField(
        label=_("How useful was it?"), coerce=int, choices=[(n, n) for n in range(1, 6)],
        widget=forms.RadioSelect(attrs={"class": "tiles tiles--scale"}), help_text=_("1: not at all, 5: very."),
        error_messages={"required": _("Choose from 1 to 5.")},
    )  # fmt: skip
    follow_up = forms.CharField(label=_("what should follow"), max_length=300, required=False)
    text = forms.CharField(
        label=_("what else you would like to say"), max_length=1000, required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip

    def __init__(self, *args, feedback=None, **kwargs):
        super().__init__(*args, **kwargs)
        if feedback is not None:
            for name in ("useful", "follow_up", "text"):
                self.initial.setdefault(name, getattr(feedback, name))

    @property
    def said(self):
        names = ("useful", "follow_up", "text", "said_by")
        return {name: self.cleaned_data[name] for name in names if name in self.cleaned_data}


class FeedbackOnBehalfForm(FeedbackForm):
    said_by = forms.CharField(label=_("who said it"), max_length=60)
    field_order = ["said_by", "useful"]


class FeedbackByLinkForm(FeedbackForm, WhoForm):
    field_order = ["useful", "follow_up", "text", "who", "name"]


class MinutesForm(forms.Form):
    minutes = forms.CharField(
        label=_("minutes"), max_length=8000, required=False, widget=forms.Textarea(attrs={"rows": 10}),
        help_text=_("Every invited enterprise reads them."),
    )  # fmt: skip
    decisions = forms.CharField(
        label=_("decisions"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)


class ItemForm(forms.Form):
    """Who does what by when; who is one list of colleagues and invited enterprises."""

    text = forms.CharField(label=_("what"), max_length=200)
    who = forms.ChoiceField(label=_("who does it"))
    due_on = DayField(label=_("by when"))

    def __init__(self, *args, seminar, **kwargs):
        super().__init__(*args, **kwargs)
        guests = [guest for guest in seminar.guests.all() if guest.enterprise_id]
        self.enterprises = {f"e{guest.enterprise_id}": guest.enterprise for guest in guests}
        self.people = {f"u{user.pk}": user for user in User.objects.active().filter(role__in=PARTNER_ROLES)}
        self.fields["who"].choices = [
            (_("the school"), [(key, str(user)) for key, user in self.people.items()]),
            (_("enterprises"), [(key, row.title) for key, row in self.enterprises.items()]),
        ]
        self.initial.setdefault("who", f"u{seminar.organiser_id}")
        self.initial.setdefault("due_on", timezone.localdate() + timedelta(days=30))

    @property
    def item(self):
        who = self.cleaned_data["who"]
        return {
            "text": self.cleaned_data["text"], "due_on": self.cleaned_data["due_on"],
            "owner": self.people.get(who), "enterprise": self.enterprises.get(who),
        }  # fmt: skip


class CancelForm(forms.Form):
    note = forms.CharField(
        label=_("why it is off"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("The invited enterprises read it in their timeline."),
    )  # fmt: skip
