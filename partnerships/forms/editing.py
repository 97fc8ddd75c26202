"""What the forms share that change a row under its version."""

import uuid
from datetime import date, timedelta

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

#: Nothing typed here is older.
EARLIEST = date(1950, 1, 1)


def add_errors(form, error, otherwise=None):
    """Put a service's ValidationError where it belongs: under its fields, what the form does not have on top; one
    without a field under `otherwise`, or on top."""
    if not hasattr(error, "error_dict"):
        form.add_error(otherwise, error)
        return
    for name, errors in error.error_dict.items():
        form.add_error(name if name in form.fields else None, errors)


class EditForm(forms.ModelForm):
    """Parses and checks, never saves.

    Carries the version the person saw (or, for a new row, the key that makes a second submit harmless) and beside
    each field the value it had when it was drawn: `changes` holds only what the person really changed, so that two
    editors of different fields do not undo each other.
    """

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0, required=False)
    form_key = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args, **context):
        super().__init__(*args, **{k: context.pop(k) for k in ("instance", "initial", "prefix") if k in context})
        self.context = context  # what a form of its own kind wants to know beside the row
        if self.instance.pk:
            del self.fields["form_key"]
            self.initial["version"] = self.instance.version
            for name, field in self.fields.items():
                field.show_hidden_initial = name != "version"
        else:
            del self.fields["version"]
            self.initial["form_key"] = uuid.uuid4()

    @property
    def values(self):
        """Field → value of a new row, without the form's own two fields."""
        return {name: value for name, value in self.cleaned_data.items() if name not in ("version", "form_key")}

    @property
    def changes(self):
        """Field → value, only of what was changed by hand."""
        return {name: value for name, value in self.values.items() if name in self.changed_data}

    def redrawn(self, current, changes):
        """The form once more on what is kept now, with the typed values in it: they are never lost."""
        data = self.data.copy()
        fresh = type(self)(instance=current, **self.context)
        for name, field in fresh.fields.items():
            html_name, initial = fresh.add_prefix(name), fresh.get_initial_for_field(field, name)
            if name == "version":
                data[html_name] = current.version
                continue
            kept = field.prepare_value(initial)
            _put(data, fresh.add_initial_prefix(name), kept)
            if name not in changes:
                _put(data, html_name, kept)
        return type(self)(data, instance=current, **self.context)


def _put(data, name, value):
    data.pop(name, None)
    if isinstance(value, list | tuple):
        data.setlist(name, [str(one) for one in value])
    elif value is True:
        data[name] = "on"
    elif value is not None and value is not False:
        data[name] = str(value)


class LinesField(forms.CharField):
    """Several short texts, one a line; cleaned to a list without blanks and repetitions."""

    def __init__(self, *, each, most=20, **kwargs):
        self.each, self.most = each, most
        kwargs.setdefault("widget", forms.Textarea(attrs={"rows": 2}))
        super().__init__(**kwargs)

    def prepare_value(self, value):
        return "\n".join(value) if isinstance(value, list | tuple) else value

    def to_python(self, value):
        lines = value if isinstance(value, list) else str(value or "").splitlines()
        return list(dict.fromkeys(line.strip() for line in lines if line.strip()))

    def validate(self, value):
        super().validate(value)
        if len(value) > self.most:
            raise ValidationError(_("At most %(most)s lines.") % {"most": self.most})
        if any(len(line) > self.each for line in value):
            raise ValidationError(_("Each line holds at most %(each)s characters.") % {"each": self.each})

    def run_validators(self, value):
        """The validators of a CharField expect one text."""
        for line in value:
            super().run_validators(line)


class DayField(forms.DateField):
    """A date by the browser's own picker; not of a year in which a digit is missing."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    default_validators = [MinValueValidator(EARLIEST)]


class SaidAtField(forms.DateTimeField):
    """When somebody of the enterprise said what an officer enters on behalf of it."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")

    def __init__(self, **kwargs):
        super().__init__(label=_("when it was said"), **kwargs)

    def clean(self, value):
        said_at, now = super().clean(value), timezone.now()
        if said_at and said_at > now:
            raise ValidationError(_("It cannot have been said after it was entered."))
        if said_at:
            MinValueValidator(EARLIEST)(said_at.date())
        # The picker knows whole minutes: what was said just now comes after what else happened in that minute.
        return now if said_at and now - said_at < timedelta(minutes=2) else said_at
