"""What an upload asks: the file, and which list it is."""

import uuid

from django import forms
from django.utils.translation import gettext_lazy as _

from partnerships.forms.touchpoints import TILES
from partnerships.models import Import

KINDS = [(kind, kind.label) for kind in (Import.Kind.UNKNOWN, Import.Kind.PARTNERS, Import.Kind.VISITS)]


class ImportForm(forms.Form):
    form_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    kind = forms.ChoiceField(
        label=_("What it lists"), choices=KINDS, required=False, initial="", widget=forms.RadioSelect(attrs=TILES)
    )
    file = forms.FileField(
        label=_("Your list"),
        help_text=_("As you keep it (.xlsx, .xls or .csv): title rows, merged cells and several sheets are fine."),
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx,.xls,.csv"}),
    )
