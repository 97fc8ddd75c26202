"""What is typed about agreements: the text, what is filed, ticks of an amendment, comments, and the end."""

import uuid

from django import forms
from django.core.exceptions import ValidationError
from django.forms.models import fields_for_model
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts.models import Department, Role, User
from partnerships.forms.editing import DayField, EditForm, LinesField, SaidAtField
from partnerships.forms.links import WhoForm
from partnerships.models import Agreement, AgreementPreset, Contact, Enterprise, ProxyEntry, Site
from partnerships.rules.agreements import BLOCKS, INTERNAL, PRESET, SIGNED
from records.templatetags.show import listed

LONG = ("aim", "payment", "school_duties", "enterprise_duties", "other_terms")
TILES = {"class": "tiles"}


class PartiesField(LinesField):
    """Further enterprises, one a line, by full name or code; cleaned to the rows."""

    def __init__(self, **kwargs):
        super().__init__(each=200, most=10, required=False, **kwargs)
        self.queryset = Enterprise.objects.none()

    def prepare_value(self, value):
        if value and not isinstance(value, str):
            value = [row if isinstance(row, str) else row.name for row in value]
        return super().prepare_value(value)

    def to_python(self, value):
        if isinstance(value, list):
            return [row if isinstance(row, str) else row.name for row in value]
        return super().to_python(value)

    def clean(self, value):
        lines = super().clean(value)
        rows = {key: row for row in self.queryset.filter(name__in=lines) for key in (row.name,)}
        rows |= {row.uscc: row for row in self.queryset.filter(uscc__in=[line.upper() for line in lines])}
        if missing := [line for line in lines if line not in rows and line.upper() not in rows]:
            raise ValidationError(_("Not among the partners: %(names)s.") % {"names": listed(missing)})
        return list(dict.fromkeys(rows.get(line) or rows[line.upper()] for line in lines))


class TextForm(EditForm):
    """The text of an agreement, or the part of it that is open; with what is filed where it is one's own draft."""

    starts_on = DayField(label=_("begins"), required=False)
    ends_on = DayField(label=_("ends"), required=False, help_text=_("Empty: without end."))
    other_parties = PartiesField(
        label=_("further parties"), help_text=_("One a line: the full name or the credit code of a partner.")
    )

    class Meta:
        model = Agreement
        fields = ["kind", *SIGNED, "owner", "department", "departments", "other_parties"]
        widgets = {
            **{name: forms.Textarea(attrs={"rows": 4}) for name in LONG},
            "sites": forms.CheckboxSelectMultiple,
            "departments": forms.CheckboxSelectMultiple,
        }
        help_texts = {"specialties": _("The specialties it is about, one behind the other.")}

    def __init__(self, *args, enterprise, only=None, remarks=(), **kwargs):
        super().__init__(*args, enterprise=enterprise, only=only, remarks=remarks, **kwargs)
        if only is not None:
            for name in [name for name in self.fields if name not in (*only, "version", "form_key")]:
                del self.fields[name]
        queries = {
            "sites": Site.objects.filter(enterprise=enterprise, closed_on=None),
            "enterprise_contact": Contact.objects.filter(enterprise=enterprise).present(),
            "school_contact": User.objects.active().filter(role__in=(Role.OFFICER, Role.LEAD)),
            "owner": User.objects.active().filter(role__in=(Role.OFFICER, Role.LEAD)),
            "department": Department.objects.filter(is_open=True),
            "departments": Department.objects.filter(is_open=True),
            "other_parties": Enterprise.objects.current().exclude(pk=enterprise.pk),
        }
        for name, queryset in queries.items():
            if name in self.fields:
                self.fields[name].queryset = queryset
        if "owner" in self.fields:
            self.fields["owner"].empty_label = None
        if "sites" in self.fields and not queries["sites"].exists():
            self.fields["sites"].help_text = _("No site of the enterprise is known yet.")
        for remark in remarks:
            if remark.field in self.fields:
                field = self.fields[remark.field]
                field.help_text = format_html(
                    "{} {}", field.help_text, _("%(name)s: %(text)s") % {"name": remark.who, "text": remark.text}
                )

    @property
    def groups(self):
        """[(title, bound fields)] of what is signed, by block."""
        found = []
        for label, names in BLOCKS.values():
            if fields := [self[name] for name in names if name in self.fields]:
                found.append((label, fields))
        return found

    @property
    def filing(self):
        names = ("owner", "department", "departments", "other_parties")
        return [self[name] for name in names if name in self.fields]


class PresetForm(EditForm):
    """A preset: its name and kind, and what it fills in."""

    class Meta:
        model = AgreementPreset
        fields = ["name", "name_en", "kind", "is_offered"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        widgets = {name: forms.Textarea(attrs={"rows": 4}) for name in LONG}
        self.filled = fields_for_model(Agreement, PRESET, widgets=widgets)
        for name, field in self.filled.items():
            field.required = False
            self.fields[name] = field
            self.initial.setdefault(name, self.instance.values.get(name))

    def _post_clean(self):
        """The row is checked and written by the service, never by the form."""

    @property
    def text(self):
        return {name: self.cleaned_data[name] for name in self.filled}

    @property
    def kept(self):
        return {name: self.cleaned_data[name] for name in self.Meta.fields}

    @property
    def groups(self):
        """[(title, bound fields)]: its own, then what it fills in, by block."""
        found = [(_("preset"), [self[name] for name in self.Meta.fields])]
        for label, names in BLOCKS.values():
            if fields := [self[name] for name in names if name in self.filled]:
                found.append((label, fields))
        return found


class FilingForm(EditForm):
    """What is kept about an agreement, in any state: no part of what is signed."""

    other_parties = PartiesField(
        label=_("further parties"), help_text=_("One a line: the full name or the credit code of a partner.")
    )

    class Meta:
        model = Agreement
        fields = INTERNAL
        widgets = {"departments": forms.CheckboxSelectMultiple}

    def __init__(self, *args, enterprise, **kwargs):
        super().__init__(*args, enterprise=enterprise, **kwargs)
        self.fields["owner"].queryset = User.objects.active().filter(role__in=(Role.OFFICER, Role.LEAD))
        self.fields["owner"].empty_label = None
        for name in ("department", "departments"):
            self.fields[name].queryset = Department.objects.filter(is_open=True)
        self.fields["other_parties"].queryset = Enterprise.objects.current().exclude(pk=enterprise.pk)


class CommentForm(forms.Form):
    """What should change in one field."""

    field = forms.ChoiceField(label=_("which part"))
    text = forms.CharField(
        label=_("what should change"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The other side can then change this part, and no other."),
    )  # fmt: skip

    def __init__(self, *args, fields, **kwargs):
        super().__init__(*args, **kwargs)
        label_of = {name: Agreement._meta.get_field(name).verbose_name for name in fields}
        self.fields["field"].choices = [
            (label, [(name, label_of[name]) for name in names if name in label_of])
            for label, names in BLOCKS.values()
            if any(name in label_of for name in names)
        ]


class CommentByLinkForm(CommentForm, WhoForm):
    """The link may have been forwarded: who is it?"""

    field_order = ["field", "text", "who", "name"]


class SettleForm(WhoForm):
    """Which of the own comments is settled, said by whoever holds the link."""

    comment = forms.ModelChoiceField(label=_("which comment"), queryset=None, empty_label=None)
    field_order = ["comment", "who", "name"]

    def __init__(self, *args, comments, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["comment"].queryset = comments


class TicksForm(forms.Form):
    """What an amendment changes, and from which day it counts."""

    blocks = forms.MultipleChoiceField(
        label=_("what it amends"), choices=[(name, label) for name, (label, _f) in BLOCKS.items()],
        widget=forms.CheckboxSelectMultiple(attrs=TILES), error_messages={"required": _("Tick what it changes.")},
    )  # fmt: skip
    valid_from = DayField(label=_("counts from"))
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0, required=False)
    form_key = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args, amendment=None, **kwargs):
        super().__init__(*args, **kwargs)
        if amendment is None:
            self.initial = {"form_key": uuid.uuid4(), "valid_from": timezone.localdate()} | self.initial
            return
        self.initial = {"blocks": amendment.blocks, "valid_from": amendment.valid_from, "version": amendment.version}


class EndForm(forms.Form):
    """When it ends, why, and the paper that says so."""

    day = DayField(label=_("last day"), initial=timezone.localdate)
    reason = forms.CharField(
        label=_("why it ends early"), max_length=300, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The enterprise reads it."),
    )  # fmt: skip
    document = forms.FileField(label=_("agreement to end it, or the letter"), required=False)


class OnBehalfForm(forms.Form):
    """What somebody of the enterprise said about the text."""

    source = forms.ChoiceField(label=_("how it was said"), choices=ProxyEntry.Source.choices)
    said_by = forms.CharField(label=_("who said it"), max_length=60)
    said_at = SaidAtField()
    field = forms.ChoiceField(label=_("their answer"), required=False)
    text = forms.CharField(
        label=_("what they said"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    screenshot = forms.FileField(label=_("screenshot"), required=False)
    form_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def __init__(self, *args, fields, **kwargs):
        super().__init__(*args, **kwargs)
        label_of = {name: Agreement._meta.get_field(name).verbose_name for name in fields}
        labels = [(name, _("Comment: %(field)s") % {"field": label}) for name, label in label_of.items()]
        self.fields["field"].choices = [("", _("They agree to the text as it stands")), *labels]
        self.initial.setdefault("said_at", timezone.localtime())

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("field") and not cleaned.get("text", "").strip():
            self.add_error("text", _("Write what should change."))
        return cleaned
