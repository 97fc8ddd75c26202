"""What people type about the people of an enterprise."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from partnerships.forms.editing import DayField, EditForm, LinesField
from partnerships.models import Contact
from partnerships.rules.names import fold
from partnerships.rules.phones import Person, read_contacts
from partnerships.services.agreements.signing import waiting_for


class ContactForm(EditForm):
    """Add or change a person of `enterprise`."""

    phones = LinesField(
        label=_("phones"), each=40, most=6, required=False,
        help_text=_("One a line, the one that is answered first. An extension follows behind 转: 0571-88886666转802."),
        widget=forms.Textarea(attrs={"rows": 2, "inputmode": "tel"}),
    )  # fmt: skip

    class Meta:
        model = Contact
        fields = [
            "name", "honorific", "position", "phones", "same_wechat", "email", "language", "site",
            "arranges_interns", "keeps_pay", "mentors", "signs", "note",
        ]  # fmt: skip
        widgets = {"note": forms.Textarea(attrs={"rows": 3})}
        labels = {"name": _("full name")}
        help_texts = {
            "email": _("Only where there is one: messages are carried by WeChat."),
            "language": _("What the school writes to this person in."),
            "note": _("Only the school reads it."),
        }

    def __init__(self, *args, enterprise, **kwargs):
        super().__init__(*args, enterprise=enterprise, **kwargs)
        self.fields["site"].queryset = enterprise.sites.filter(closed_on=None)
        self.fields["site"].empty_label = _("none in particular")

    def clean_name(self):
        return fold(self.cleaned_data["name"])

    def clean_phones(self):
        """One spelling where the line is just a number; anything else stays as it was written."""
        lines = []
        for line in self.cleaned_data["phones"]:
            people = read_contacts(line)
            is_number = len(people) == 1 and people[0] == Person(phones=people[0].phones[:1])
            lines.append(people[0].phones[0] if is_number and people[0].phones else fold(line))
        return list(dict.fromkeys(lines))

    def clean(self):
        cleaned = super().clean()
        if not (cleaned.get("phones") or cleaned.get("email") or self.errors):
            self.add_error("phones", _("Give a phone number or an e-mail: there must be a way to reach this person."))
        return cleaned


class RequestsField(forms.ModelMultipleChoiceField):
    """Requests to sign, ticked to begin with."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, row):
        day = date_format(timezone.localdate(row.asked_at))
        return _("%(title)s (%(capacity)s, asked on %(day)s)") % {
            "title": row.subject.heading, "capacity": row.capacity, "day": day
        }  # fmt: skip


class SuccessorForm(forms.Form):
    """Who takes over from a person that leaves; of a keeper also who keeps the team. In the portal as it stands."""

    NEW, NOBODY = "new", "nobody"

    successor = forms.ChoiceField(
        label=_("who takes over"), widget=forms.RadioSelect(attrs={"class": "tiles"}),
        error_messages={"required": _("Say who takes over, or that nobody does yet.")},
    )  # fmt: skip
    keeper = forms.ModelChoiceField(
        label=_("new keeper"), queryset=Contact.objects.none(), required=False,
        empty_label=_("whoever takes over"), help_text=_("Invites and removes colleagues; needs an account."),
    )  # fmt: skip

    signatures = RequestsField(
        label=_("signatures that go to whoever takes over"), queryset=None, required=False,
        help_text=_("What is not ticked stays open: the school chooses who signs instead."),
    )  # fmt: skip

    def __init__(self, *args, contact, may_pass_on=True, **kwargs):
        super().__init__(*args, **kwargs)
        self.contact = contact
        self._offer_signatures(contact, may_pass_on)
        others = Contact.objects.present().filter(enterprise=contact.enterprise_id).exclude(pk=contact.pk)
        self.people = {str(one.pk): one for one in others}
        self.fields["successor"].choices = [*((key, one.name) for key, one in self.people.items()), *self.otherwise]
        self.fields["keeper"].queryset = others.filter(user__isnull=False)
        if not contact.is_keeper or not self.fields["keeper"].queryset:
            del self.fields["keeper"]

    def _offer_signatures(self, contact, may_pass_on):
        """Only where something waits to be signed, and only to whoever may pass it on."""
        waiting = waiting_for(contact).prefetch_related("subject")
        if not may_pass_on or not waiting:
            del self.fields["signatures"]
            return
        self.fields["signatures"].queryset = waiting
        self.initial.setdefault("signatures", [row.pk for row in waiting])

    @property
    def otherwise(self):
        return [(self.NOBODY, _("nobody yet"))]

    @property
    def values(self):
        """What the service takes, beside who says it."""
        chosen = {"successor": self.people.get(self.cleaned_data["successor"])}
        chosen["signatures"] = self.cleaned_data.get("signatures", ())
        return chosen | ({"keeper": self.cleaned_data["keeper"]} if "keeper" in self.fields else {})

    @property
    def has_keeper(self):
        successor = self.people.get(self.cleaned_data.get("successor"))
        return bool(self.cleaned_data.get("keeper") or (successor and successor.user_id))

    def clean(self):
        cleaned = super().clean()
        if "keeper" in self.fields and "successor" in cleaned and not self.errors and not self.has_keeper:
            self.add_error("keeper", _("Name the new keeper: who takes over has no account."))
        return cleaned


class LeftForm(SuccessorForm):
    """The same on the school's page: also when, a new person, and that there is no keeper for now."""

    left_on = DayField(label=_("left on"), initial=timezone.localdate)
    new_name = forms.CharField(
        label=_("name of the new person"), max_length=60, required=False, help_text=_("Only for somebody new.")
    )
    new_honorific = forms.CharField(label=_("form of address"), max_length=30, required=False)
    new_phone = forms.CharField(
        label=_("phone"), max_length=40, required=False, widget=forms.TextInput(attrs={"inputmode": "tel"})
    )
    without_keeper = forms.BooleanField(
        label=_("there is no keeper for now"), required=False,
        help_text=_("Until there is one, only the school invites people of this enterprise."),
    )  # fmt: skip
    field_order = [
        "left_on", "successor", "new_name", "new_honorific", "new_phone", "signatures", "keeper", "without_keeper"
    ]  # fmt: skip

    def __init__(self, *args, contact, **kwargs):
        super().__init__(*args, contact=contact, **kwargs)
        if not contact.is_keeper:
            del self.fields["without_keeper"]

    @property
    def otherwise(self):
        return [(self.NEW, _("somebody new")), *super().otherwise]

    @property
    def has_keeper(self):
        return super().has_keeper or self.cleaned_data.get("without_keeper")

    @property
    def values(self):
        values = super().values | {"left_on": self.cleaned_data["left_on"]}
        values["without_keeper"] = self.cleaned_data.get("without_keeper", False)
        if self.cleaned_data["successor"] == self.NEW:
            typed = {name: self.cleaned_data[f"new_{name}"].strip() for name in ("name", "honorific", "phone")}
            values["newcomer"] = {"name": typed["name"], "honorific": typed["honorific"], "phones": [typed["phone"]]}
        return values

    def clean_left_on(self):
        if self.cleaned_data["left_on"] > timezone.localdate():
            raise ValidationError(_("This day has not come yet: say it when the person is gone."))
        return self.cleaned_data["left_on"]

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("successor") == self.NEW:
            for name, sentence in (
                ("new_name", _("Who is it? Write the name.")),
                ("new_phone", _("How do we reach that person? Write the phone.")),
            ):
                if name not in self.errors and not cleaned.get(name, "").strip():
                    self.add_error(name, sentence)
        if self.contact.is_keeper and not self.errors and not self.has_keeper:
            self.add_error("without_keeper", _("Name the new keeper, or say that there is none for now."))
        if cleaned.get("without_keeper") and not self.errors and super().has_keeper:
            self.add_error("without_keeper", _("Name the new keeper, or say that there is none for now."))
        return cleaned
