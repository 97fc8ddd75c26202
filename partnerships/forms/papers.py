"""What is typed about papers: a template, a step, a stack of scanned sheets."""

import uuid

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partnerships.forms.editing import DayField
from partnerships.models import Agreement, DocumentTemplate
from partnerships.models.papers import LANGUAGES
from partnerships.rules.papers import Step

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


class TemplateForm(forms.Form):
    """A Word file with placeholders, and what it is for."""

    form_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    file = forms.FileField(
        label=_("Word file (.docx)"), widget=forms.ClearableFileInput(attrs={"accept": f".docx,{WORD}"}),
        help_text=_("It is filled with examples at once: what does not work is named."),
    )  # fmt: skip
    name = forms.CharField(label=_("name"), max_length=80)
    kind = forms.ChoiceField(
        label=_("kind of agreement"), choices=DocumentTemplate._meta.get_field("kind").choices, required=False
    )
    language = forms.ChoiceField(label=_("language"), choices=LANGUAGES)
    is_for_amendments = forms.BooleanField(label=_("for amendments"), required=False)


class PreviewForm(forms.Form):
    """With which agreement a template is tried."""

    agreement = forms.ModelChoiceField(label=_("agreement"), queryset=Agreement.objects.none(), empty_label=None)

    def __init__(self, *args, agreements, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["agreement"].queryset = agreements
        self.fields["agreement"].label_from_instance = lambda row: f"{row.heading} · {row.enterprise.title}"


class StepForm(forms.Form):
    """A step that a paper has taken."""

    step = forms.ChoiceField(label=_("step"), choices=Step)
    on = DayField(label=_("on"), initial=timezone.localdate)
    reference = forms.CharField(
        label=_("number"), max_length=60, required=False,
        help_text=_("Of the seal request, the courier, the box: where there is one."),
    )  # fmt: skip
