"""What people type about the places where an enterprise's people work."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partnerships.forms.editing import DayField, EditForm
from partnerships.forms.enterprises import RegionChoice
from partnerships.models import Site
from partnerships.rules.names import fold


class SiteForm(EditForm):
    """Add or change a site."""

    region = RegionChoice(label=_("province or city"), required=False)

    class Meta:
        model = Site
        fields = ["kind", "name", "region", "address", "capacity", "safety"]
        widgets = {"safety": forms.Textarea(attrs={"rows": 3})}
        help_texts = {
            "name": _("What people there say: line 2, Xiaoshan plant, West Lake shop."),
            "region": _("Safety and insurance follow the place of work, not the registered seat."),
            "safety": _("Dangers, protection, who is responsible on site."),
        }

    def clean_name(self):
        return fold(self.cleaned_data["name"])


class CloseForm(forms.Form):
    closed_on = DayField(label=_("closed on"), initial=timezone.localdate)

    def clean_closed_on(self):
        if self.cleaned_data["closed_on"] > timezone.localdate():
            raise ValidationError(_("This day has not come yet."))
        return self.cleaned_data["closed_on"]
