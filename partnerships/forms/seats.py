"""Who is invited to act for an enterprise."""

import uuid

from django import forms
from django.utils.translation import gettext_lazy as _

from partnerships.forms.contacts import ContactForm
from partnerships.forms.editing import EditForm, LinesField
from partnerships.models import Contact
from partnerships.services.company import CONTACT_FIELDS


class InviteForm(forms.Form):
    """The e-mail an invitation goes to; without one it is carried by hand."""

    email = forms.EmailField(
        label=_("e-mail"), max_length=254, required=False, widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        help_text=_("The invitation is sent there. Without one you pass it on by hand."),
    )  # fmt: skip


class ColleagueForm(forms.Form):
    """A colleague whom the keeper brings in."""

    name = forms.CharField(label=_("the person's name"), max_length=60)
    honorific = forms.CharField(
        label=_("form of address"),
        max_length=30,
        required=False,
        help_text=_("How the school writes to them, such as 赵经理."),
    )
    position = forms.CharField(label=_("position"), max_length=60, required=False)
    phones = LinesField(
        label=_("phones"), each=40, most=6, required=False, help_text=_("One a line."),
        widget=forms.Textarea(attrs={"rows": 2, "inputmode": "tel"}),
    )  # fmt: skip
    email = forms.EmailField(
        label=_("e-mail"), required=False,
        help_text=_("The invitation is sent there. Without one you pass it on by hand."),
    )  # fmt: skip
    form_key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("form_key", uuid.uuid4())


class OwnDataForm(ContactForm):
    """How somebody of the enterprise is called and reached, as the enterprise itself writes it."""

    class Meta:
        model = Contact
        fields = list(CONTACT_FIELDS)
        help_texts = {"honorific": _("How the school writes to them, such as 赵经理.")}

    def __init__(self, *args, enterprise, **kwargs):
        super(ContactForm, self).__init__(*args, enterprise=enterprise, **kwargs)


class PhoneForm(EditForm):
    """The one thing the school misses of somebody who has an account."""

    phones = LinesField(
        label=_("phones"), each=40, most=6, help_text=_("One a line."),
        widget=forms.Textarea(attrs={"rows": 1, "inputmode": "tel"}),
    )  # fmt: skip

    class Meta:
        model = Contact
        fields = ["phones", "same_wechat"]
