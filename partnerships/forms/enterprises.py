"""What people type about an enterprise."""

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Department, Role, User
from partnerships.forms.editing import DayField, EditForm, LinesField
from partnerships.models import Enterprise
from partnerships.rules.codes import read_uscc
from partnerships.rules.names import fold, name_key
from policies.models import Industry, Region


def read_code(text):
    """The code a person typed, repaired where only one reading is possible. Raises ValidationError with the reason."""
    code, problem = read_uscc(text)
    if problem:
        raise ValidationError(problem)
    return code or ""


class RegionChoice(forms.ModelChoiceField):
    """Every province followed by its cities; one query, drawn in two levels."""

    def __init__(self, **kwargs):
        kwargs.setdefault("empty_label", _("not known"))
        super().__init__(Region.objects.select_related("parent").order_by("code"), **kwargs)

    def label_from_instance(self, region):
        return f"　{region}" if region.parent_id else str(region)


class IndustryChoice(forms.ModelChoiceField):
    def __init__(self, **kwargs):
        kwargs.setdefault("empty_label", _("not known"))
        super().__init__(Industry.objects.order_by("code"), **kwargs)

    def label_from_instance(self, industry):
        return f"{industry.code} {industry}"


class EnterpriseChoice(forms.ModelChoiceField):
    """Another enterprise, typed as its full name or code: a list of 50,000 to choose from would be no help."""

    widget = forms.TextInput(attrs={"autocomplete": "off"})

    def __init__(self, *, user, **kwargs):
        kwargs.setdefault("help_text", _("Its full name or its unified social credit code."))
        super().__init__(Enterprise.objects.visible_to(user).current(), **kwargs)

    def prepare_value(self, value):
        if isinstance(value, int):
            value = self.queryset.filter(pk=value).first()
        return value.name if isinstance(value, Enterprise) else value

    def to_python(self, value):
        if value in self.empty_values:
            return None
        if isinstance(value, Enterprise):
            return value
        found = list(self.queryset.filter(Q(name_key=name_key(value)) | Q(uscc=fold(value).upper()))[:2])
        if len(found) != 1:
            none, several = _("No enterprise has this name or code."), _("Several carry this name: give the code.")
            raise ValidationError(several if found else none)
        return found[0]

    def has_changed(self, initial, data):
        return self.prepare_value(initial) != self.prepare_value(data) if initial or data else False


class EnterpriseForm(EditForm):
    """Create or change; `user` is who types. `similar_accepted` says "save all the same" beside similar names."""

    name = forms.CharField(
        label=_("name"), max_length=500,
        help_text=_("The full name as on the business licence, at most 100 characters."),
        error_messages={"required": _("Give the full name.")},
    )  # fmt: skip
    former_names = LinesField(
        label=_("former names"), each=100, required=False, help_text=_("One a line; the search finds them too.")
    )
    keep_old_name = forms.BooleanField(
        label=_("it was renamed: keep the old name among the former names"), required=False, initial=True,
        help_text=_("Take the tick away where you only mend a slip of the pen."),
    )  # fmt: skip
    uscc = forms.CharField(
        label=_("unified social credit code"), max_length=60, required=False,
        help_text=_("18 characters, as on the business licence. Full width and small letters are mended."),
        widget=forms.TextInput(attrs={"autocapitalize": "characters", "spellcheck": "false", "class": "mono"}),
    )  # fmt: skip
    industry = IndustryChoice(label=_("industry"), required=False)
    region = RegionChoice(label=_("province or city"), required=False)
    registry_on = DayField(label=_("registry state seen on"), required=False)
    similar_accepted = forms.BooleanField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Enterprise
        fields = [
            "relation", "name", "name_en", "short_name", "former_names", "uscc", "ownership", "industry", "region",
            "address", "size", "headcount", "legal_representative", "strengths", "tier", "lead_department",
            "departments", "registry", "registry_on", "is_labour_agency", "parent", "kinship",
        ]  # fmt: skip
        widgets = {
            "strengths": forms.Textarea(attrs={"rows": 3}),
            "departments": forms.CheckboxSelectMultiple,
        }
        help_texts = {
            "short_name": _("What people say, such as 恒力."),
            "relation": _("Host only: takes single interns, has no rhythm of contact and gets no reminders."),
            "tier": _("Sets how often you are in touch: strategic 30 days, core 60, general 90."),
            "strengths": _("Patents, laboratories, technical centres; what the school could learn there."),
            "address": _("The registered seat. Where interns work is a site of its own."),
        }

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, user=user, **kwargs)
        departments = list(Department.objects.filter(is_open=True))
        for name in ("lead_department", "departments"):
            field = self.fields[name]
            field.queryset = Department.objects.filter(is_open=True)
            field.choices = [(d.pk, str(d)) for d in departments]
        self.fields["lead_department"].choices.insert(0, ("", _("none")))
        self.fields["parent"] = EnterpriseChoice(label=_("belongs to"), required=False, user=user)
        self.fields["parent"].show_hidden_initial = bool(self.instance.pk)
        if not self.instance.pk:
            del self.fields["keep_old_name"]
            self.initial.setdefault("lead_department", user.department_id)
        else:
            self.fields["keep_old_name"].show_hidden_initial = False
            self.fields["similar_accepted"].show_hidden_initial = False

    def clean_name(self):
        name = fold(self.cleaned_data["name"])
        if len(name) > 100:
            raise ValidationError(
                _("The name has %(count)s characters; at most 100 fit. Check whether two names ran together.")
                % {"count": len(name)}
            )
        return name

    def clean_name_en(self):
        return fold(self.cleaned_data["name_en"])

    def clean_uscc(self):
        return read_code(self.cleaned_data["uscc"])

    @property
    def values(self):
        """Without what the form asks for itself."""
        asked = ("keep_old_name", "similar_accepted")
        return {name: value for name, value in super().values.items() if name not in asked}

    @property
    def changes(self):
        changes = super().changes
        before = self["name"].initial
        if self.cleaned_data.get("keep_old_name") and changes.get("name", before) != before:
            former = changes.get("former_names", self.cleaned_data["former_names"])
            changes["former_names"] = list(dict.fromkeys([*former, before]))
        return changes

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("parent") is None and "parent" not in self.errors:
            cleaned["kinship"] = ""
        if cleaned.get("registry") == "":
            cleaned["registry_on"] = None
        return cleaned


class HandOverForm(forms.Form):
    """Who keeps the partnership from now on."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    owner = forms.ModelChoiceField(
        label=_("owner"), queryset=User.objects.none(), required=False, empty_label=_("nobody for now"),
        help_text=_("Sees it in the own portfolio and is asked for the next step."),
    )  # fmt: skip
    lead_department = forms.ModelChoiceField(
        label=_("lead department"), queryset=Department.objects.none(), required=False, empty_label=_("none"),
        help_text=_("Its officers may change this partner too."),
    )  # fmt: skip
    note = forms.CharField(
        label=_("what the successor should know"), required=False, max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip

    def __init__(self, *args, enterprise, **kwargs):
        initial = {name: getattr(enterprise, f"{name}_id") for name in ("owner", "lead_department")}
        super().__init__(*args, initial={**initial, "version": enterprise.version}, **kwargs)
        self.fields["owner"].queryset = User.objects.active().filter(role__in=[Role.OFFICER, Role.LEAD])
        self.fields["lead_department"].queryset = Department.objects.filter(is_open=True)
