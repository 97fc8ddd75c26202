"""What people type about the people of an enterprise."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partnerships.forms.editing import DayField, EditForm, LinesField
from partnerships.models import Contact
from partnerships.rules.names import fold
from partnerships.rules.phones import Person, read_contacts


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


class LeftForm(forms.Form):
    """When a person left; of a keeper also who follows."""

    left_on = DayField(label=_("left on"), initial=timezone.localdate)
    successor = forms.ModelChoiceField(
        label=_("new keeper"), queryset=Contact.objects.none(), required=False, empty_label=_("choose a person"),
        help_text=_("Whoever works there and has an account."),
    )  # fmt: skip
    without_keeper = forms.BooleanField(
        label=_("there is no keeper for now"), required=False,
        help_text=_("Until there is one, only the school invites people of this enterprise."),
    )  # fmt: skip

    def __init__(self, *args, contact, **kwargs):
        super().__init__(*args, **kwargs)
        self.contact = contact
        if not contact.is_keeper:
            del self.fields["successor"], self.fields["without_keeper"]
            return
        members = Contact.objects.members().filter(enterprise=contact.enterprise_id)
        self.fields["successor"].queryset = members.exclude(pk=contact.pk)

    def clean_left_on(self):
        if self.cleaned_data["left_on"] > timezone.localdate():
            raise ValidationError(_("This day has not come yet: say it when the person is gone."))
        return self.cleaned_data["left_on"]

    def clean(self):
        cleaned = super().clean()
        asked = self.contact.is_keeper and not self.errors
        if asked and bool(cleaned.get("successor")) == bool(cleaned.get("without_keeper")):
            self.add_error("successor", _("Name the new keeper, or say that there is none for now."))
        return cleaned
