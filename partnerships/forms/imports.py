"""The one field of an upload."""

import uuid

from django import forms
from django.utils.translation import gettext_lazy as _


class ImportForm(forms.Form):
    form_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    file = forms.FileField(
        label=_("Your list"),
        help_text=_("As you keep it (.xlsx, .xls or .csv): title rows, merged cells and several sheets are fine."),
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx,.xls,.csv"}),
    )
