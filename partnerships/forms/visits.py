"""What an enterprise answers when we ask for a visit: one of three, in the portal or on a link's page."""

import uuid

from django import forms
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from partnerships.forms.links import WhoForm
from partnerships.rules.visits import suggested_days
from partnerships.services.visits import Reply
from reminders.working import read_calendar


class VisitForm(forms.Form):
    """Three buttons; beside “yes” the time, beside “someone else” who it is."""

    reply = forms.ChoiceField(
        label=_("your answer"), choices=Reply,
        error_messages={name: _("Choose one of the three answers.") for name in ("required", "invalid_choice")},
    )  # fmt: skip
    day = forms.ChoiceField(
        label=_("which afternoon"), required=False, widget=forms.RadioSelect(attrs={"class": "tiles"}),
        error_messages={"invalid_choice": _("This afternoon is no longer offered: choose another, or write a time.")},
    )  # fmt: skip
    when = forms.CharField(
        label=_("another time, or a word about it"), max_length=200, required=False,
        help_text=_("For example: Friday at ten, at the south gate."),
    )  # fmt: skip
    new_name = forms.CharField(label=_("name of the person"), max_length=60, required=False)
    new_phone = forms.CharField(
        label=_("phone of the person"), max_length=40, required=False,
        widget=forms.TextInput(attrs={"inputmode": "tel"}),
    )  # fmt: skip
    form_key = forms.UUIDField(widget=forms.HiddenInput)
    field_order = ["who", "name", "reply", "day", "when", "new_name", "new_phone", "form_key"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("form_key", uuid.uuid4())
        days = suggested_days(timezone.localdate(), read_calendar().is_working)
        self.fields["day"].choices = [(day.isoformat(), afternoon(day)) for day in days]

    def clean(self):
        cleaned = super().clean()
        reply = cleaned.get("reply")
        if reply == Reply.YES and not self.text("day") and "day" not in self.errors:
            self._need("when", _("Choose an afternoon, or write which time suits you."))
        if reply == Reply.SOMEONE:
            self._need("new_name", _("Who is it? Write the name."))
            self._need("new_phone", _("How do we reach that person? Write the phone."))
        return cleaned

    def _need(self, name, sentence):
        if name not in self.errors and not self.text(name):
            self.add_error(name, sentence)

    def text(self, name):
        return self.cleaned_data.get(name, "").strip()

    @property
    def answer(self):
        """What services.visits.answer_visit takes: the time and the person in words, of the chosen answer only."""
        reply, when, who = self.cleaned_data["reply"], "", ""
        if reply == Reply.YES:
            chosen = dict(self.fields["day"].choices).get(self.cleaned_data["day"], "")
            when = gettext("; ").join(filter(None, (chosen, self.text("when"))))
        if reply == Reply.SOMEONE:
            who = f"{self.text('new_name')} {self.text('new_phone')}"
        return {"reply": reply, "when": when, "who": who, "form_key": self.cleaned_data["form_key"]}


class VisitLinkForm(WhoForm, VisitForm):
    """The same on a link's page, which asks who is there: the link may have been forwarded."""


def afternoon(day):
    """A day as people say it when they make an appointment: Wednesday 2 December, in the afternoon."""
    return gettext("%(weekday)s %(day)s, afternoon") % {
        "weekday": WEEKDAYS[day.weekday()],
        "day": date_format(day, "MONTH_DAY_FORMAT"),
    }
