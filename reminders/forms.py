"""What is typed in the reminder centre."""

from django import forms
from django.utils.translation import gettext_lazy as _

from reminders.models import Switch


class SwitchForm(forms.Form):
    mode = forms.ChoiceField(label=_("Mode"), choices=Switch.Mode.choices)
