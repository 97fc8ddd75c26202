"""What is typed about papers: a template, a step, a stack of scanned sheets."""

import uuid

from django import forms
from django.utils import timezone
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from partnerships.forms.editing import DayField
from partnerships.models import Agreement, DocumentTemplate
from partnerships.models.papers import LANGUAGES
from partnerships.rules.papers import Step
from records.leaves import UNCOUNTED

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
    on = DayField(label=pgettext_lazy("paper", "on"), initial=timezone.localdate)
    reference = forms.CharField(
        label=_("number"), max_length=60, required=False,
        help_text=_("Of the seal request, the courier, the box: where there is one."),
    )  # fmt: skip


class ScanForm(forms.Form):
    form_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    file = forms.FileField(
        label=_("The scanned stack (PDF)"), widget=forms.ClearableFileInput(attrs={"accept": ".pdf,application/pdf"}),
        help_text=_("All papers behind each other, in any order, also upside down. 200 dpi is enough."),
    )  # fmt: skip


class PageForm(forms.Form):
    """Of which document a page is that could not be read, and which sheet; `suggested` is what its place says."""

    document = forms.ModelChoiceField(label=_("of which agreement"), queryset=None, empty_label=None)
    leaf = forms.IntegerField(
        label=pgettext_lazy("paper", "sheet"), min_value=UNCOUNTED, max_value=999,
        help_text=_("0 where it was printed from the page of the agreement."),
    )  # fmt: skip

    def __init__(self, *args, page, documents, suggested=None, **kwargs):
        document, leaf = suggested or (page.document_id, page.leaf)
        first = {"document": document, "leaf": leaf}
        super().__init__(*args, auto_id=f"page-{page.pk}-%s", initial=first, **kwargs)
        self.page = page
        self.fields["document"].queryset = documents
        self.fields["document"].label_from_instance = said


def said(document):
    words = {"firm": document.agreement.enterprise.title, "title": document.agreement.heading}
    words |= {"nth": document.nth, "count": document.leaves}
    return gettext("%(firm)s · %(title)s, version %(nth)s, %(count)s sheets") % words


class PaperSignedForm(forms.Form):
    """Who has signed on the paper, and when."""

    signed = forms.MultipleChoiceField(label=_("who has signed on it"), widget=forms.CheckboxSelectMultiple)
    signed_on = DayField(label=_("signed on (paper)"), initial=timezone.localdate)

    def __init__(self, *args, signatures, **kwargs):
        super().__init__(*args, **kwargs)
        self.signatures = {str(row.pk): row for row in signatures}
        self.fields["signed"].choices = [(key, str(row)) for key, row in self.signatures.items()]
        self.initial.setdefault("signed", list(self.signatures))

    @property
    def chosen(self):
        return [self.signatures[key] for key in self.cleaned_data["signed"]]

    def clean_signed_on(self):
        day = self.cleaned_data["signed_on"]
        if day > timezone.localdate():
            raise forms.ValidationError(_("This day lies ahead."))
        return day
