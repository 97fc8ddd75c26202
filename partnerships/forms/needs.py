"""What is typed about needs, offers, suggestions and requests to an enterprise."""

import uuid
from datetime import timedelta

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import PARTNER_ROLES, Department, User
from partnerships.forms.editing import DayField, EditForm, SaidAtField
from partnerships.forms.links import WhoForm
from partnerships.models import Ask, Contact, Need, Offer, ProxyEntry
from partnerships.models.need import WISHES, NeedKind
from partnerships.services.needs import FIELDS
from partnerships.services.offers import FIELDS as OFFERED
from policies.models import Specialty

TILES = {"class": "tiles"}


class SpecialtiesField(forms.ModelMultipleChoiceField):
    """Several specialties, in one list grouped by category."""

    def __init__(self, **kwargs):
        super().__init__(queryset=Specialty.objects.select_related("category"), required=False, **kwargs)
        self.widget.attrs["size"] = 8

    def label_from_instance(self, row):
        return f"{row} {row.pk}"

    def grouped(self):
        groups = {}
        for row in self.queryset:
            groups.setdefault(str(row.category), []).append((row.pk, self.label_from_instance(row)))
        return list(groups.items())


def specialties_field():
    return SpecialtiesField(
        label=pgettext_lazy("studies", "specialties"),
        help_text=_("Several: hold Ctrl, on a phone tick them; none where it does not matter."),
    )


class NeedForm(EditForm):
    """What is looked for; by a department at enterprises where `department` is chosen too."""

    from_on = DayField(label=pgettext_lazy("need", "from"))
    until_on = DayField(label=pgettext_lazy("need", "until"), help_text=_("After this day it lapses by itself."))
    specialties = specialties_field()

    class Meta:
        model = Need
        fields = FIELDS
        widgets = {
            "kind": forms.RadioSelect(attrs=TILES), "level": forms.RadioSelect(attrs=TILES),
            "text": forms.Textarea(attrs={"rows": 4}),
        }  # fmt: skip

    def __init__(self, *args, enterprise=None, user=None, **kwargs):
        super().__init__(*args, enterprise=enterprise, user=user, **kwargs)
        self.fields["specialties"].choices = self.fields["specialties"].grouped()
        if not self.instance.pk:
            today = timezone.localdate()
            self.initial |= {"from_on": today, "until_on": today + timedelta(days=60)} | self.initial
        if enterprise is not None:
            self.fields["site"].queryset = enterprise.sites.filter(closed_on=None)
            self.fields["kind"].choices = NeedKind.choices
            return
        del self.fields["site"]
        self.fields["kind"].choices = list(WISHES.items())
        if not self.instance.pk:
            self.fields["department"] = department_field(user)
            self.initial.setdefault("department", user.department_id)
            self.order_fields(["department"])

    def _post_clean(self):
        """The row is checked and written by the service, never by the form."""


def department_field(user):
    """The own department; a lead chooses."""
    rows = Department.objects.filter(is_open=True)
    if not user.sees_everything:
        rows = rows.filter(pk=user.department_id)
    return forms.ModelChoiceField(label=_("department"), queryset=rows, empty_label=None)


class SaidForm(forms.Form):
    """Who of the enterprise said what an officer enters on its behalf."""

    source = forms.ChoiceField(
        label=_("how it was said"), choices=ProxyEntry.Source, initial=ProxyEntry.Source.PHONE,
        widget=forms.RadioSelect(attrs=TILES),
    )  # fmt: skip
    said_by = forms.CharField(
        label=_("who said it"), max_length=60, widget=forms.TextInput(attrs={"list": "people", "autocomplete": "off"})
    )
    said_at = SaidAtField()

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("said_at", timezone.localtime())

    @property
    def on_behalf(self):
        return {name: self.cleaned_data[name] for name in ("source", "said_by", "said_at")}


class OfferForm(EditForm):
    """What a department offers."""

    specialties = specialties_field()

    class Meta:
        model = Offer
        fields = OFFERED
        widgets = {
            "kind": forms.RadioSelect(attrs=TILES), "level": forms.RadioSelect(attrs=TILES),
            "text": forms.Textarea(attrs={"rows": 4}), "text_en": forms.Textarea(attrs={"rows": 4}),
        }  # fmt: skip

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, user=user, **kwargs)
        self.fields["specialties"].choices = self.fields["specialties"].grouped()
        self.fields["kind"].choices = Offer.Kind.choices
        self.fields["owner"].queryset = User.objects.active().filter(role__in=PARTNER_ROLES)
        self.fields["owner"].empty_label = None
        if not self.instance.pk:
            self.fields["department"] = department_field(user)
            self.initial = {"department": user.department_id, "owner": user.pk} | self.initial
            self.order_fields(["department"])

    def _post_clean(self):
        """The row is checked and written by the service, never by the form."""


class DecideForm(forms.Form):
    """Accept or decline one suggestion."""

    verdict = forms.ChoiceField(choices=[("accepted", ""), ("declined", "")])
    offer = forms.IntegerField(required=False, min_value=1)
    need = forms.IntegerField(required=False, min_value=1)
    enterprise = forms.IntegerField(required=False, min_value=1)
    number = forms.IntegerField(required=False, min_value=1, max_value=100_000)
    reason = forms.CharField(required=False, max_length=300)


class AskForm(forms.Form):
    """What is asked of an enterprise, by when, and where it has enough before it, why in spite of that."""

    department = forms.ModelChoiceField(label=_("department"), queryset=None, empty_label=None)
    kind = forms.ChoiceField(label=_("kind"), choices=Ask.Kind, widget=forms.RadioSelect(attrs=TILES))
    number = forms.IntegerField(
        label=_("quantity"), required=False, min_value=1, max_value=100_000, help_text=_("Students, hours, pieces.")
    )
    text = forms.CharField(
        label=_("what we ask"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("As they will read it on the phone."),
    )  # fmt: skip
    due_on = DayField(label=_("answer by"), help_text=_("After this day it expires by itself."))
    contact = forms.ModelChoiceField(
        label=_("to whom"), queryset=Contact.objects.none(), required=False, empty_label=_("nobody in particular")
    )
    because = forms.CharField(
        label=_("why in spite of the others"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Only the school reads it."),
    )  # fmt: skip
    match = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=1)
    form_key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args, enterprise, user, is_full, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["department"] = department_field(user)
        self.order_fields(["department"])
        people = enterprise.contacts.present()
        self.fields["contact"].queryset = people
        if not (is_full and user.sees_everything):
            del self.fields["because"]
        first = {"form_key": uuid.uuid4(), "due_on": timezone.localdate() + timedelta(days=10)}
        self.initial = first | {"department": user.department_id, "contact": people.first()} | self.initial

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("kind") == Ask.Kind.HOST and not cleaned.get("number") and "number" not in self.errors:
            self.add_error("number", _("Say how many students."))
        return cleaned

    @property
    def asked(self):
        return {name: value for name, value in self.cleaned_data.items() if name != "match"}


class AnswerAskForm(forms.Form):
    """Yes or not this time, how many, and a word about it."""

    answer = forms.ChoiceField(
        label=_("your answer"), choices=[("yes", _("Yes")), ("no", pgettext_lazy("ask", "Not this time"))],
        widget=forms.RadioSelect(attrs=TILES), error_messages={"required": _("Choose an answer.")},
    )  # fmt: skip
    number = forms.IntegerField(label=_("how many"), required=False, min_value=1, max_value=100_000)
    note = forms.CharField(
        label=_("a word about it"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args, ask, **kwargs):
        super().__init__(*args, **kwargs)
        if ask.is_answered_at_once:
            self.fields["answer"].choices = [
                ("yes", _("Here is our answer")),
                ("no", pgettext_lazy("ask", "Not this time")),
            ]
            self.fields["note"].label = _("your answer to the survey, or where it is")
        if ask.number:
            self.initial.setdefault("number", ask.number)
        else:
            del self.fields["number"]

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("answer") == "no" and not cleaned.get("note", "").strip():
            self.add_error("note", _("Say why not in a sentence."))
        return cleaned

    @property
    def said(self):
        data = self.cleaned_data
        return {"is_yes": data["answer"] == "yes", "number": data.get("number"), "note": data["note"]}


class AnswerAskByLinkForm(AnswerAskForm, WhoForm):
    """The link may have been forwarded: who is it?"""

    field_order = ["answer", "number", "note", "who", "name"]


class AnswerAskOnBehalfForm(SaidForm, AnswerAskForm):
    field_order = ["answer", "number", "note", "source", "said_by", "said_at"]
