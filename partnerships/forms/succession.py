"""Who takes over what hangs on one person of the school."""

import uuid

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Department, Role, User
from partnerships.models import ActionItem, Enterprise, Seminar
from partnerships.services.agreements.signing import waiting_for
from partnerships.services.succession import Plan, items_of, partners_of, seminars_of
from records.models import Signature

DEPARTMENT = "department_"
#: What is ticked one by one.
TICKED = ("enterprises", "seminars", "items", "signatures")


class TickedField(forms.ModelMultipleChoiceField):
    """Rows that the page draws by itself, each with its box."""

    widget = forms.CheckboxSelectMultiple


class PortfolioForm(forms.Form):
    """One successor for everything, another one for the partners of a department, or only for what is ticked."""

    ALL, TICKED = "all", "ticked"

    successor = forms.ModelChoiceField(
        label=_("who takes over"), queryset=User.objects.none(), empty_label=_("choose a person")
    )
    scope = forms.ChoiceField(
        label=_("what goes over"), choices=[(ALL, _("everything")), (TICKED, _("only what is ticked below"))],
        initial=ALL, widget=forms.RadioSelect(attrs={"class": "tiles"}),
    )  # fmt: skip
    note = forms.CharField(
        label=_("what the successor should know"), required=False, max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip
    enterprises = TickedField(queryset=Enterprise.objects.none(), required=False)
    seminars = TickedField(queryset=Seminar.objects.none(), required=False)
    items = TickedField(queryset=ActionItem.objects.none(), required=False)
    signatures = TickedField(queryset=Signature.objects.none(), required=False)
    invitations = forms.BooleanField(label=_("open invitations"), required=False, initial=True)
    seen = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)
    form_key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args, person, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("form_key", uuid.uuid4())
        people = User.objects.active().filter(role__in=[Role.OFFICER, Role.LEAD]).exclude(pk=person.pk)
        self.fields["successor"].queryset = people
        led = Department.objects.filter(pk__in=partners_of(person).values("lead_department"))
        self.departments = list(led) if led.count() > 1 else []
        for department in self.departments:
            self.fields[f"{DEPARTMENT}{department.pk}"] = forms.ModelChoiceField(
                label=str(department), queryset=people, required=False, empty_label=_("the same person")
            )
        rows = {"enterprises": partners_of(person), "seminars": seminars_of(person), "items": items_of(person)}
        rows["signatures"] = waiting_for(person)
        for name, queryset in rows.items():
            self.fields[name].queryset = queryset

    @property
    def of_departments(self):
        return [self[f"{DEPARTMENT}{department.pk}"] for department in self.departments]

    @property
    def plan(self):
        """What services.succession takes."""
        cleaned = self.cleaned_data
        chosen = {one.pk: cleaned[f"{DEPARTMENT}{one.pk}"] for one in self.departments}
        by_department = {pk: person for pk, person in chosen.items() if person is not None}
        if cleaned["scope"] == self.ALL:
            return Plan(cleaned["successor"], by_department)
        ticked = {name: frozenset(cleaned[name].values_list("pk", flat=True)) for name in TICKED}
        return Plan(cleaned["successor"], by_department, **ticked, invitations=cleaned["invitations"])
