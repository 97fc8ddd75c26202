"""What is typed in the reminder centre, and how somebody wants mail."""

from django import forms
from django.utils.translation import gettext_lazy as _

from reminders.models import Preference, Switch


class SwitchForm(forms.Form):
    mode = forms.ChoiceField(label=_("Mode"), choices=Switch.Mode.choices)


class RhythmForm(forms.Form):
    """How reminder mails come. The buttons below it, “unsubscribe” and “subscribe again”, send nothing else."""

    rhythm = forms.ChoiceField(
        label=_("How they come"), choices=Preference.Rhythm.choices, widget=forms.RadioSelect, required=False
    )

    def __init__(self, *args, wish, **kwargs):
        super().__init__(*args, initial={"rhythm": wish.rhythm}, **kwargs)

    @property
    def pressed(self):
        """“unsubscribe”, “subscribe”, or the rhythm that was chosen."""
        return next((name for name in ("unsubscribe", "subscribe") if name in self.data), self.cleaned_data["rhythm"])

    def clean(self):
        values = super().clean()
        if not values.get("rhythm") and not {"unsubscribe", "subscribe"} & set(self.data):
            self.add_error("rhythm", _("Choose one of the two."))
        return values
