"""What people type about people. Forms parse and check, services save."""

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from accounts import rules
from accounts.models import Department, Role, User


class ProfileForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ["name", "name_en", "phone", "language"]
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "name"}),
            "phone": forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel"}),
        }


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)
    department = forms.ModelChoiceField(
        label=_("Department"), queryset=Department.objects.none(), required=False, empty_label=_("no department")
    )

    def __init__(self, *args, by, person, **kwargs):
        kwargs.setdefault("initial", {"role": person.role, "department": person.department_id})
        super().__init__(*args, **kwargs)
        self.fields["department"].queryset = Department.objects.filter(is_open=True)
        open_to = [role for role in Role if not rules.why_not_role(by, person, role)]
        self.fields["role"].choices = [(role.value, role.label) for role in Role if role in open_to]


class InvitationForm(forms.Form):
    name = forms.CharField(label=_("Full name"), max_length=60)
    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        required=False,
        help_text=_("The invitation is sent there. Without one you pass it on by hand."),
    )
    role = forms.ChoiceField(label=_("Role"))
    department = forms.ModelChoiceField(
        label=_("Department"),
        queryset=Department.objects.none(),
        required=False,
        empty_label=_("no department"),
        help_text=_("HR staff belong to no department."),
    )
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES, initial="zh-hans")
    form_key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args, by, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["department"].queryset = Department.objects.filter(is_open=True)
        open_to = [role for role in Role if not rules.why_not_invite(by, role)]
        self.fields["role"].choices = [("", _("choose a role")), *((role.value, role.label) for role in open_to)]


class AcceptForm(forms.Form):
    """`email` and the `code` sent there are asked only where the invitation carries no address."""

    name = forms.CharField(label=_("Full name"), max_length=60, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    email = forms.EmailField(
        label=_("E-mail"), max_length=254, help_text=_("You sign in with it."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )  # fmt: skip
    password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}, render_value=True),
        help_text=_("At least 12 characters. Leave it empty to sign in with codes sent to your e-mail."),
    )
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    code = forms.CharField(
        label=_("Code from the mail"),
        max_length=20,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code"}),
    )

    def __init__(self, *args, invitation, **kwargs):
        kwargs.setdefault("initial", {"name": invitation.name, "language": invitation.language})
        super().__init__(*args, **kwargs)
        self.invitation = invitation
        if invitation.email:
            del self.fields["email"]
            del self.fields["code"]

    def clean_email(self):
        address = self.cleaned_data["email"].lower()
        if User.objects.filter(email=address).exists():
            raise forms.ValidationError(
                _("Somebody already uses this e-mail: sign in first, then open the link again.")
            )
        return address

    def clean(self):
        """The password is looked at before a code is sent, so that nothing is asked twice."""
        values = super().clean()
        if password := values.get("password"):
            person = User(email=self.invitation.email or values.get("email", ""), name=values.get("name", ""))
            try:
                validate_password(password, person)
            except forms.ValidationError as error:
                self.add_error("password", error)
        return values


class PeopleFilterForm(forms.Form):
    """The address of the list of people; whatever cannot be read is left out."""

    q = forms.CharField(required=False, max_length=100)
    role = forms.ChoiceField(required=False, choices=[("", _("all roles")), *Role.choices])
    stopped = forms.BooleanField(required=False)


def people_for(user, data):
    """(the people that `user` sees, narrowed by `data`; its values as the page shows them; the form)."""
    form = PeopleFilterForm(data)
    form.is_valid()
    wanted = {"q": "", "role": "", "stopped": False} | form.cleaned_data
    queryset = User.objects.visible_to(user).select_related("department").search(wanted["q"])
    if wanted["role"]:
        queryset = queryset.filter(role=wanted["role"])
    return queryset.filter(is_active=not wanted["stopped"]), wanted, form
