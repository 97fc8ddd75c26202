"""Which of two values stays."""

from django import forms

from partnerships.services.enterprises import FIELDS


class MergeForm(forms.Form):
    """`take_<field>` says "other" where the value of the row that goes away stays."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    other_version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    @property
    def versions(self):
        return self.cleaned_data["version"], self.cleaned_data["other_version"]

    @property
    def take(self):
        return [name for name in FIELDS if self.data.get(f"take_{name}") == "other"]
