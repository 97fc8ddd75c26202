"""What people type about lists: parsed and checked, never saved."""

from django import forms
from django.utils.translation import gettext_lazy as _

from records.models import SavedView


class ExportForm(forms.Form):
    """Start an export; the key makes a second press show the first."""

    form_key = forms.UUIDField(widget=forms.HiddenInput)


class ViewForm(forms.Form):
    """The name of a saved view."""

    name = forms.CharField(label=_("name"), max_length=SavedView._meta.get_field("name").max_length)


class NewViewForm(ViewForm):
    query = forms.CharField(required=False, max_length=SavedView._meta.get_field("query").max_length)
