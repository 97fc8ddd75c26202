"""What is typed on a link's page: an answer, and a request for a new link."""

import uuid

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from partnerships.forms.thread import MessageForm
from partnerships.models import Contact, Message
from records.models import Side

OTHER = "other"
SHOWN_NAMES = 8


class WhoForm(forms.Form):
    """“Who are you?” is picked from the names at hand or typed: the link may have been forwarded."""

    # Not required by the browser: a typed name is enough, without a tick beside it.
    who = forms.ChoiceField(label=_("Who are you?"), required=False, widget=forms.RadioSelect(attrs={"class": "tiles"}))
    name = forms.CharField(
        label=_("your name"), max_length=60, required=False, widget=forms.TextInput(attrs={"autocomplete": "name"}),
        help_text=_("Only if it is not in the list."),
    )  # fmt: skip

    def __init__(self, *args, enterprise, **kwargs):
        super().__init__(*args, **kwargs)
        people = Contact.objects.filter(enterprise=enterprise).present().values_list("pk", "name")[:SHOWN_NAMES]
        self.names = {str(pk): name for pk, name in people}
        self.fields["who"].choices = [*self.names.items(), (OTHER, _("somebody else"))]
        if not self.names:
            self.fields["who"].initial = OTHER

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("name", "").strip():
            cleaned["who"] = OTHER  # who types a name means it
        elif cleaned.get("who") == OTHER:
            raise ValidationError({"name": _("Please type your name.")})
        elif not cleaned.get("who") and "who" not in self.errors:
            raise ValidationError({"who": _("Pick your name, or type it.")})
        return cleaned

    @property
    def author_name(self):
        who = self.cleaned_data["who"]
        return self.cleaned_data["name"].strip() if who == OTHER else self.names[who]


class AnswerForm(WhoForm, MessageForm):
    """An answer to a question, with pictures, from whoever holds the link."""

    field_order = ["body", "files", "who", "name", "form_key"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["body"].label = _("Your answer")
        self.fields["files"].label = _("pictures or files")
        self.fields["files"].help_text = _("A photograph often says it faster.")


class WriteUsForm(WhoForm):
    """A free sentence to the school beside the answers a link asks for."""

    body = forms.CharField(
        label=_("what you want to tell us"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )
    form_key = forms.UUIDField(widget=forms.HiddenInput)
    field_order = ["body", "who", "name", "form_key"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("form_key", uuid.uuid4())


class AskNewForm(forms.Form):
    """On a dead link's page: who wants a new one, and how to reach them."""

    name = forms.CharField(
        label=_("your name"), max_length=30, widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": _("Please type your name.")},
    )  # fmt: skip
    phone = forms.CharField(
        label=_("your phone"), max_length=25, required=False,
        widget=forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel"}),
        help_text=_("If you like: so that the school finds you."),
    )  # fmt: skip


class CarryForm(forms.Form):
    """To whom an officer hands a link: to the whole partnership, or to one of the questions that wait."""

    message = forms.ModelChoiceField(
        label=_("question"), queryset=Message.objects.none(), required=False, widget=forms.HiddenInput
    )
    contact = forms.ModelChoiceField(
        label=_("to whom"), queryset=Contact.objects.none(), required=False, empty_label=_("nobody in particular")
    )

    def __init__(self, *args, enterprise, questions=(), **kwargs):
        super().__init__(*args, **kwargs)
        people = enterprise.contacts.present()
        self.fields["contact"].queryset = people
        self.initial.setdefault("contact", people.first())
        self.fields["message"].queryset = enterprise.messages.filter(side=Side.SCHOOL)
        if questions:
            self.fields["message"].widget = forms.Select(choices=[(row.pk, row.body[:40]) for row in questions])
