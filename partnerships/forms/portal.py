"""What the enterprise types in the portal."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from partnerships.forms.editing import EditForm
from partnerships.forms.thread import MessageForm
from partnerships.models import Enterprise, Site
from partnerships.rules.names import fold
from partnerships.services.company import FIELDS, SITE_FIELDS


class PortalMessageForm(MessageForm):
    """A message to the school; `answers` names the question it answers, `noted` needs no words of one's own."""

    answers = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)
    noted = forms.BooleanField(required=False, widget=forms.HiddenInput)
    field_order = ["body", "files", "form_key", "answers", "noted"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["body"].required = False

    def clean(self):
        cleaned = super().clean()
        if not cleaned.get("body", "").strip():
            if not cleaned.get("noted"):
                raise ValidationError({"body": _("Write something first.")})
            cleaned["body"] = str(_("Got it, thank you."))
        return cleaned


class CompanyForm(EditForm):
    """What the enterprise changes about itself."""

    class Meta:
        model = Enterprise
        fields = list(FIELDS)
        widgets = {"strengths": forms.Textarea(attrs={"rows": 3})}
        help_texts = {
            "short_name": _("What people say, such as 恒力."),
            "strengths": _("Patents, laboratories, technical centres; what students could learn from you."),
        }

    def clean_name_en(self):
        return fold(self.cleaned_data["name_en"])


class SiteFactsForm(EditForm):
    class Meta:
        model = Site
        fields = list(SITE_FIELDS)
        widgets = {"safety": forms.Textarea(attrs={"rows": 3})}
        help_texts = {"safety": _("Dangers, protection, who is responsible on site.")}


class CorrectionForm(forms.Form):
    text = forms.CharField(
        label=_("How was it?"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Write how it was: the correction is shown beside the entry.")},
    )  # fmt: skip
