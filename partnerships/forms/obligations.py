"""What is typed about promises: that one was kept, one that no clause made, and what follows on an end."""

import uuid

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import PARTNER_ROLES, User
from partnerships.forms.editing import DayField, EditForm, SaidAtField
from partnerships.forms.links import WhoForm
from partnerships.forms.thread import FilesField
from partnerships.models import Obligation, ProxyEntry
from partnerships.models.agreement import EndWish
from records.models import Side

TILES = {"class": "tiles"}


class KeepForm(forms.Form):
    """It is done: when, how, and a picture or a paper of it."""

    kept_on = DayField(label=_("on which day"), initial=timezone.localdate)
    note = forms.CharField(
        label=_("how it was done"), max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("One sentence: both sides read it."),
    )  # fmt: skip
    files = FilesField(label=_("picture or paper"), help_text=_("A photograph is enough."))

    @property
    def said(self):
        return {name: self.cleaned_data[name] for name in ("kept_on", "note", "files")}


class KeepByLinkForm(KeepForm, WhoForm):
    """The link may have been forwarded: who is it?"""

    field_order = ["kept_on", "note", "files", "who", "name"]


class KeepForThemForm(KeepForm):
    """The same as somebody of the enterprise said it, by an officer."""

    source = forms.ChoiceField(
        label=_("how it was said"), choices=ProxyEntry.Source, widget=forms.RadioSelect(attrs=TILES)
    )
    said_by = forms.CharField(label=_("who said it"), max_length=60, widget=forms.TextInput(attrs={"list": "people"}))
    said_at = SaidAtField()
    field_order = ["source", "said_by", "said_at", "kept_on", "note", "files"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("said_at", timezone.localtime())

    @property
    def said(self):
        behalf = {name: self.cleaned_data[name] for name in ("source", "said_by", "said_at")}
        return super().said | {"on_behalf": behalf}


class ObligationForm(EditForm):
    """A promise that no clause made, or what may be changed of one that a clause made."""

    first_on = DayField(label=_("counts from"), initial=timezone.localdate)
    due_on = DayField(label=pgettext_lazy("promise", "until"))

    class Meta:
        model = Obligation
        fields = ["side", "text", "text_en", "owner", "contact", "first_on", "due_on", "count", "amount"]
        widgets = {"side": forms.RadioSelect(attrs=TILES)}

    def __init__(self, *args, enterprise, **kwargs):
        super().__init__(*args, enterprise=enterprise, **kwargs)
        self.fields["count"].label = _("quantity")
        self.fields["owner"].queryset = User.objects.active().filter(role__in=PARTNER_ROLES)
        self.fields["contact"].queryset = enterprise.contacts.present()
        if not self.instance.pk:
            self.fields["side"].choices = [c for c in Side.choices if c[0] != Side.BOTH]
            self.initial.setdefault("side", Side.ENTERPRISE.value)
            return
        del self.fields["side"], self.fields["owner" if self.instance.side == Side.ENTERPRISE else "contact"]
        clause = self.instance.clause
        if clause is not None:
            del self.fields["first_on"]
            if clause.count_from:
                del self.fields["count"]

    def clean(self):
        cleaned = super().clean()
        side = cleaned.get("side")
        if side:
            cleaned["owner" if side == Side.ENTERPRISE else "contact"] = None
        return cleaned

    def _post_clean(self):
        """The row is checked and written by the service, never by the form."""


class WishForm(forms.Form):
    """Shall we go on? One of three, and a word if one likes."""

    wish = forms.ChoiceField(
        label=_("your answer"), choices=EndWish.choices, widget=forms.RadioSelect(attrs=TILES),
        error_messages={"required": _("Choose one of the three answers.")},
    )  # fmt: skip
    text = forms.CharField(
        label=_("a word about it"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    form_key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("form_key", uuid.uuid4())

    @property
    def said(self):
        return {name: self.cleaned_data[name] for name in ("wish", "text", "form_key")}


class WishByLinkForm(WishForm, WhoForm):
    """The link may have been forwarded: who is it?"""

    field_order = ["wish", "text", "who", "name", "form_key"]


class WishForThemForm(WishForm):
    """The same as somebody of the enterprise said it, by an officer."""

    source = forms.ChoiceField(
        label=_("how it was said"), choices=ProxyEntry.Source, widget=forms.RadioSelect(attrs=TILES)
    )
    said_by = forms.CharField(label=_("who said it"), max_length=60, widget=forms.TextInput(attrs={"list": "people"}))
    said_at = SaidAtField()
    field_order = ["source", "said_by", "said_at", "wish", "text", "form_key"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("said_at", timezone.localtime())
        self.fields["wish"].label = _("what the enterprise wishes")

    @property
    def said(self):
        behalf = {name: self.cleaned_data[name] for name in ("source", "said_by", "said_at")}
        return super().said | {"on_behalf": behalf}
