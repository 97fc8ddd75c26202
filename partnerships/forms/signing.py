"""What is typed about signatures: who is asked, who one is, why not, who signs instead, and what came on paper."""

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.forms import formset_factory
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import PARTNER_ROLES, User
from partnerships.forms.editing import DayField
from partnerships.models import Contact
from partnerships.services.agreements import signing
from records.models import Side
from records.signatures import Signatory

OTHER = {"school": _("somebody else of the school"), "enterprise": _("somebody else of the enterprise")}
#: So many lines stand below those that are proposed.
EMPTY_LINES = 3


class SignatoryForm(forms.Form):
    """One line: who signs, in which capacity, and in which place of the order. Left empty it asks nobody."""

    who = forms.ChoiceField(label=_("who signs"), required=False)
    capacity = forms.CharField(label=_("in which capacity"), max_length=40, required=False)
    position = forms.IntegerField(label=_("place in the order"), min_value=1, max_value=9, initial=1, required=False)
    name = forms.CharField(label=_("full name"), max_length=60, required=False)
    email = forms.EmailField(label=_("e-mail"), required=False, help_text=_("The code to sign with is sent there."))

    def __init__(self, *args, people, **kwargs):
        super().__init__(*args, **kwargs)
        self.people = people
        self.fields["who"].choices = people.choices

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("who"):
            if not cleaned.get("capacity", "").strip():
                self.add_error("capacity", _("Say in which capacity, such as authorised representative."))
            if cleaned["who"] in OTHER and not cleaned.get("name", "").strip():
                self.add_error("name", _("Give the person's name."))
        elif any(cleaned.get(name) for name in ("name", "email")):
            self.add_error("who", _("Say for which side this person signs."))
        return cleaned

    @property
    def signatory(self):
        """The Signatory of the line, or None."""
        who, capacity = self.cleaned_data.get("who"), self.cleaned_data.get("capacity", "").strip()
        place = self.cleaned_data.get("position") or 1
        if not who:
            return None
        if who in OTHER:
            name, email = self.cleaned_data["name"].strip(), self.cleaned_data.get("email", "")
            return Signatory(who, capacity, name, place, email=email)
        person = self.people.found[who]
        made = signing.of_the_school if isinstance(person, User) else signing.of_the_enterprise
        return made(person, capacity, place)


class People:
    """Who can be asked: the school's own people who read agreements, those present at each party, somebody else."""

    def __init__(self, agreement):
        parties = [agreement.enterprise_id, *agreement.other_parties.values_list("pk", flat=True)]
        school = User.objects.active().filter(role__in=PARTNER_ROLES).order_by("name", "pk")
        firm = Contact.objects.present().filter(enterprise__in=parties).select_related("enterprise", "user")
        self.found = {f"u{person.pk}": person for person in school} | {f"c{person.pk}": person for person in firm}
        ours = [(key, str(row)) for key, row in self.found.items() if isinstance(row, User)]
        theirs = [(key, self._named(row, parties)) for key, row in self.found.items() if isinstance(row, Contact)]
        self.choices = [
            ("", "—"),
            (_("School"), [*ours, ("school", OTHER["school"])]),
            (_("Enterprise"), [*theirs, ("enterprise", OTHER["enterprise"])]),
        ]

    def _named(self, contact, parties):
        parts = [contact.name, contact.position, contact.enterprise.title if len(parties) > 1 else ""]
        return " · ".join(part for part in parts if part)

    def key_of(self, one):
        return f"u{one.user.pk}" if one.side == Side.SCHOOL else f"c{one.addressee_id}"


class BaseLines(forms.BaseFormSet):
    def clean(self):
        if not any(self.errors) and not self.signatories:
            raise ValidationError(_("Name at least one person who signs."))

    @property
    def signatories(self):
        return [one for form in self.forms if (one := form.signatory)]


SignatoryLines = formset_factory(SignatoryForm, formset=BaseLines, extra=EMPTY_LINES, max_num=12, absolute_max=20)


def lines_for(agreement, data=None):
    """The form: lines for whoever is proposed and not asked yet, and empty ones."""
    people = People(agreement)
    initial = [
        {"who": people.key_of(one), "capacity": one.capacity, "position": one.position}
        for one in signing.proposed(agreement)
    ]
    initial = [] if signing.is_anybody_asked(agreement) else initial
    return SignatoryLines(data, initial=initial, form_kwargs={"people": people}, prefix="line")


class PaperForm(forms.Form):
    """Who signed the page that came back, and its scan."""

    signatures = forms.ModelMultipleChoiceField(
        label=_("who signed it"), queryset=None, widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Tick who signed it.")},
    )  # fmt: skip
    signed_on = DayField(label=_("signed on"), initial=timezone.localdate, required=False)
    scan = forms.FileField(label=_("scan or photograph of the signed page"), help_text=_("PDF or picture."))

    def __init__(self, *args, requests, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["signatures"].queryset = requests
        self.fields["signatures"].label_from_instance = lambda row: f"{row.name} · {row.capacity}"
        if not self.is_bound:
            self.initial.setdefault("signatures", [row.pk for row in requests])


class ProofForm(forms.Form):
    """Who one is, once more, before one signs."""

    digest = forms.CharField(widget=forms.HiddenInput, max_length=64)
    proof = forms.CharField(
        label=_("your password, or a code"), max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        help_text=_("The password you sign in with, a code of your app, or the one we mail you."),
    )  # fmt: skip


class RefuseForm(forms.Form):
    """What should change before one signs."""

    reason = forms.CharField(
        label=_("what should change"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Both sides read it."),
    )  # fmt: skip


class DelegateForm(forms.Form):
    """Which colleague signs instead."""

    to = forms.ModelChoiceField(label=_("who signs instead"), queryset=None)

    def __init__(self, *args, people, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = people


class CodeForm(forms.Form):
    """The code that was mailed to the person, and of whoever does not sign the reason."""

    digest = forms.CharField(widget=forms.HiddenInput, max_length=64)
    code = forms.CharField(
        label=_("code from the e-mail"), max_length=12,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
    )  # fmt: skip
    reason = forms.CharField(
        label=_("what should change"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Only if you do not sign. Both sides read it."),
    )  # fmt: skip

    def __init__(self, *args, refuses=False, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = refuses


def colleagues_of(signature, user):
    """Who could sign in place of `user`: present colleagues of the same enterprise, or of the school."""
    if signature.side == Side.SCHOOL:
        return User.objects.active().filter(role__in=PARTNER_ROLES).exclude(pk=user.pk).order_by("name", "pk")
    enterprises = Contact.objects.members().filter(user=user).values("enterprise")
    mine = Q(user=user) | Q(pk=signature.addressee_id)
    return Contact.objects.present().filter(enterprise__in=enterprises).exclude(mine).order_by("name", "pk")
