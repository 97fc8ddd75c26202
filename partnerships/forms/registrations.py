"""What an enterprise writes when it presents itself."""

import uuid

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from partnerships.forms.enterprises import read_code
from partnerships.models import Registration
from partnerships.rules.names import fold
from partnerships.rules.phones import read_phones


class RegistrationForm(forms.ModelForm):
    form_key = forms.UUIDField(widget=forms.HiddenInput)
    name = forms.CharField(
        label=_("name of the company"), max_length=500, help_text=_("The full name as on the business licence."),
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )  # fmt: skip
    uscc = forms.CharField(
        label=_("unified social credit code"), max_length=60, help_text=_("18 characters, as on the business licence."),
        widget=forms.TextInput(attrs={"autocapitalize": "characters", "spellcheck": "false", "class": "mono"}),
    )  # fmt: skip

    class Meta:
        model = Registration
        fields = ["name", "uscc", "contact_name", "phone", "email", "wishes"]
        widgets = {
            "contact_name": forms.TextInput(attrs={"autocomplete": "name"}),
            "phone": forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel"}),
            "email": forms.EmailInput(attrs={"autocomplete": "email"}),
            "wishes": forms.Textarea(attrs={"rows": 4}),
        }
        help_texts = {"wishes": _("Interns, graduates, training, research: a few sentences are enough.")}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("form_key", uuid.uuid4())

    def clean_name(self):
        name = fold(self.cleaned_data["name"])
        if len(name) > 100:
            raise ValidationError(_("At most 100 characters fit. Check whether two names ran together."))
        return name

    def clean_uscc(self):
        code = read_code(self.cleaned_data["uscc"])
        if not code:
            raise ValidationError(_("Give the code that stands on the business licence."))
        return code

    def clean_phone(self):
        read = read_phones(self.cleaned_data["phone"])
        if not read:
            raise ValidationError(_("This is no phone number: count its digits again."))
        return read[0].number

    def validate_unique(self):
        """A form sent twice is no fault: the service returns the first."""


class DecisionForm(forms.Form):
    """Refuse with a reason."""

    reason = forms.CharField(
        label=_("reason"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Kept for the school; the enterprise does not read it here."),
    )  # fmt: skip
