"""What is written in a thread: a message with its files, and an officer's entry on behalf of the enterprise."""

import os
import uuid

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partnerships.forms.editing import SaidAtField
from partnerships.models import ProxyEntry
from records.files import ATTACHMENTS

LONGEST = 4000


def endings(kinds):
    return ",".join(ending for kind in kinds for ending in kind.endings)


class SeveralFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files at once, each with a name and an ending we take; what they really hold is checked when kept."""

    def __init__(self, *, kinds=ATTACHMENTS, most=9, **kwargs):
        self.endings, self.most = endings(kinds).split(","), most
        kwargs.setdefault("widget", SeveralFiles(attrs={"accept": endings(kinds)}))
        super().__init__(required=False, **kwargs)

    def clean(self, data, initial=None):
        uploads = [super(FilesField, self).clean(one, initial) for one in data or () if one]
        if len(uploads) > self.most:
            raise ValidationError(_("At most %(count)d files go with one message.") % {"count": self.most})
        for upload in uploads:
            if os.path.splitext(upload.name)[1].lower() not in self.endings:
                sentence = _("“%(name)s” is not taken here. Choose one of: %(kinds)s")
                raise ValidationError(sentence % {"name": upload.name, "kinds": " ".join(self.endings)})
        return uploads


class MessageForm(forms.Form):
    body = forms.CharField(
        label=_("message"), max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Write something first.")},
    )  # fmt: skip
    files = FilesField(label=_("files"), help_text=_("Pictures, PDF, Word or Excel, up to 20 MB each."))
    form_key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("form_key", uuid.uuid4())


class OnBehalfForm(MessageForm):
    """What somebody of the enterprise said, as an officer enters it; they can check and correct it in the portal."""

    source = forms.ChoiceField(
        label=_("how it was said"), choices=ProxyEntry.Source, widget=forms.RadioSelect(attrs={"class": "tiles"})
    )
    said_by = forms.CharField(label=_("who said it"), max_length=60, widget=forms.TextInput(attrs={"list": "people"}))
    said_at = SaidAtField()
    field_order = ["source", "said_by", "said_at", "body", "files", "form_key"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("said_at", timezone.localtime())
        self.fields["body"].label = _("what was said")
        self.fields["files"].help_text = _("A screenshot or a photograph, if there is one.")

    @property
    def on_behalf(self):
        return {name: self.cleaned_data[name] for name in ("source", "said_by", "said_at")}
