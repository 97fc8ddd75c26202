"""What assessors write down on site: nine contents, each with its finding."""

import uuid

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partnerships.forms.editing import DayField
from partnerships.models import Site
from partnerships.models.assessment import Content

#: What to look at; 教职成〔2021〕4号 Art. 7 names the contents.
HINTS = {
    Content.QUALIFICATION: _("Business licence, permits the trade needs, what it may teach."),
    Content.CREDIT: _("Record in the national credit system, penalties, arrears of wages."),
    Content.MANAGEMENT: _("Who runs it, rules for interns, who would be mentor."),
    Content.POSTS: _("Which posts, what is done there, whether they fit the specialty."),
    Content.HOURS: _("Shifts, breaks, overtime, night work."),
    Content.WORKPLACE: _("Noise, dust, heat, machines, protective equipment."),
    Content.LIVING: _("Dormitory, canteen, way to work."),
    Content.HEALTH: _("Occupational diseases, medical checks, first aid."),
    Content.SAFETY: _("Responsible person, training, fire protection, accidents of the last three years."),
}


class AssessmentForm(forms.Form):
    form_key = forms.UUIDField(widget=forms.HiddenInput)
    visited_on = DayField(label=_("visited on"))
    site = forms.ModelChoiceField(
        label=_("site"), queryset=Site.objects.none(), required=False, empty_label=_("the whole enterprise")
    )
    assessors = forms.CharField(label=_("who assessed"), max_length=200, help_text=_("Names, divided by commas."))
    conclusion = forms.CharField(label=_("conclusion"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))
    is_suitable = forms.TypedChoiceField(
        label=_("suitable as host"), choices=[("yes", _("suitable")), ("no", _("not suitable"))],
        coerce=lambda value: value == "yes", widget=forms.RadioSelect(attrs={"class": "tiles"}),
    )  # fmt: skip

    def __init__(self, *args, enterprise, **kwargs):
        kwargs.setdefault("initial", {"form_key": uuid.uuid4(), "visited_on": timezone.localdate()})
        super().__init__(*args, **kwargs)
        self.fields["site"].queryset = enterprise.sites.filter(closed_on=None)
        for content, hint in HINTS.items():
            self.fields[content.value] = forms.CharField(
                label=content.label, help_text=hint, max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
            )
            self.fields[f"{content.value}_concern"] = forms.BooleanField(label=_("a concern"), required=False)

    @property
    def pairs(self):
        """The nine contents, each with its tick, as the page draws them."""
        return [(self[content.value], self[f"{content.value}_concern"]) for content in Content]

    @property
    def values(self):
        """The arguments of write_assessment()."""
        cleaned = self.cleaned_data
        values = {name: cleaned[name] for name in ("form_key", "visited_on", "site", "assessors", "conclusion")}
        findings = {c: (cleaned[c.value], cleaned[f"{c.value}_concern"]) for c in Content}
        return values | {"findings": findings, "is_suitable": cleaned["is_suitable"]}

    def clean_visited_on(self):
        if self.cleaned_data["visited_on"] > timezone.localdate():
            raise ValidationError(_("Write the assessment after the visit."))
        return self.cleaned_data["visited_on"]
