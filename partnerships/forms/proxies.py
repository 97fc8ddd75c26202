"""What an officer types that somebody of the enterprise has said."""

import uuid

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partnerships.forms.editing import SaidAtField
from partnerships.forms.thread import endings
from partnerships.models import ProxyEntry
from records.files import PICTURES


class ProxyForm(forms.Form):
    source = forms.ChoiceField(
        label=_("how it was said"), choices=ProxyEntry.Source, initial=ProxyEntry.Source.PHONE,
        widget=forms.RadioSelect(attrs={"class": "tiles"}),
    )  # fmt: skip
    said_by = forms.CharField(
        label=_("who said it"), max_length=60,
        widget=forms.TextInput(attrs={"list": "said-by", "autocomplete": "off"}),
    )  # fmt: skip
    said_at = SaidAtField()
    summary = forms.CharField(
        label=_("what was said"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("In their own words as far as you can; they read it and may correct it."),
    )  # fmt: skip
    wishes = forms.CharField(
        label=_("what the enterprise wishes"), max_length=2000, required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )  # fmt: skip
    screenshot = forms.FileField(
        label=_("screenshot"), required=False, help_text=_("If there is one. The enterprise sees it too."),
        widget=forms.ClearableFileInput(attrs={"accept": endings(PICTURES)}),
    )  # fmt: skip
    form_key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("said_at", timezone.localtime())
        self.initial.setdefault("form_key", uuid.uuid4())
