"""What the lists of partners, agreements, promises, trips and events can be narrowed by; shared by page and export."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, lru_cache

import django_filters as filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q
from django.forms.utils import flatatt
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django_filters.fields import ModelChoiceField, ModelChoiceIterator
from django_filters.widgets import BooleanWidget

from accounts.models import PARTNER_ROLES, Department, User
from partnerships.models import Agreement, Enterprise, Obligation, PaperStep, Registration, Seminar, Trip, YearResult
from partnerships.models.enterprise import RED_FLAG
from partnerships.models.touchpoint import EvidenceTag
from partnerships.rhythms import in_rhythm
from partnerships.rules.agreements import EXPIRY_STEPS
from partnerships.rules.papers import AWAY_DAYS, Stage, Step
from partnerships.rules.rhythm import Rhythm
from partnerships.rules.terms import read_term
from partnerships.rules.years import read_year
from partnerships.workflow import LATE, OBLIGATION, AgreementState, ObligationState
from policies.services import city_choices, codes_within, industry_choices, province_choices
from records.models import Side

# --- the panel shows some 150 options on every page: drawn one by one through templates they cost more than the list --


class Options(forms.Select):
    """A select without groups, drawn in one go."""

    def drawn(self):
        return draw_options(tuple((str("" if key is None else key), str(label)) for key, label in self.choices))

    def render(self, name, value, attrs=None, renderer=None):
        drawn = self.drawn()
        for chosen in self.format_value(value):
            mark = format_html('value="{}"', chosen)
            drawn = drawn.replace(mark, mark + " selected", 1)
        return format_html(
            '<select name="{}"{}>{}</select>', name, flatatt(self.build_attrs(self.attrs, attrs)), mark_safe(drawn)
        )


class SameForAll(Options):
    """Options of a function, which are the same for everybody: drawn once for each language."""

    def __init__(self, table):
        super().__init__()
        self.table = table

    def drawn(self):
        return draw_table(self.table, get_language())


class YesOrNo(BooleanWidget, Options):
    """Any, yes or no, drawn the same way. The words of the library are those of whoever made the form first."""

    def drawn(self):
        return draw_options((("", str(_("any"))), ("true", str(_("yes"))), ("false", str(_("no")))))


@lru_cache(maxsize=64)
def draw_options(choices):
    return str(format_html_join("", '<option value="{}">{}</option>', choices))


@lru_cache(maxsize=64)
def draw_table(table, language):
    return draw_options((("", str(_("any"))), *((str(key), str(label)) for key, label in table())))


class InOneGo(ModelChoiceIterator):
    """Read at once: a cursor on the server for a dozen rows costs three trips."""

    def __iter__(self):
        yield ("", self.field.empty_label)
        for row in self.field.rows.values():
            yield self.choice(row)


class RowField(ModelChoiceField):
    """A choice among few rows, read once: for the panel, for what was chosen, and for the names in the list itself."""

    iterator = InOneGo

    @cached_property
    def rows(self):
        return {str(row.pk): row for row in self.queryset.all()}

    def to_python(self, value):
        if value in self.empty_values:
            return None
        if value not in self.rows:
            raise ValidationError(self.error_messages["invalid_choice"], code="invalid_choice", params={"value": value})
        return self.rows[value]


class RowFilter(filters.ModelChoiceFilter):
    field_class = RowField


# --- the filters: tables and rows come from functions, for what is given ready is copied in depth with every request --


def one_of(label, table, **options):
    return filters.ChoiceFilter(label=label, choices=table, empty_label=_("any"), widget=SameForAll(table), **options)


def row_of(label, rows, **options):
    return RowFilter(label=label, queryset=rows, empty_label=_("any"), widget=Options, **options)


def states():
    return Enterprise.State.choices


def tiers():
    return Enterprise.Tier.choices


def rhythms():
    return Rhythm.choices


def relations():
    return Enterprise.Relation.choices


def sizes():
    return [(value, label) for value, label in Enterprise.Size.choices if value]


def departments(request):
    return Department.objects.all()


def owners(request):
    return User.objects.filter(role__in=PARTNER_ROLES).only("name", "name_en")


class EnterpriseFilter(filters.FilterSet):
    q = filters.CharFilter(label=_("Name, pinyin, initials or code"), method="search")
    mine = filters.BooleanFilter(label=_("My portfolio"), method="only_mine")
    state = one_of(_("State"), states)
    tier = one_of(_("Tier"), tiers)
    rhythm = one_of(_("Contact rhythm"), rhythms, method="standing_in")
    relation = one_of(_("Relation"), relations)
    department = row_of(_("Department"), departments, method="of_department")
    owner = row_of(_("Owner"), owners)
    province = one_of(_("Province"), province_choices, method="within_province")
    region = filters.ChoiceFilter(label=_("City"), empty_label=_("any"), widget=Options)
    industry = one_of(_("Industry"), industry_choices)
    size = one_of(_("Size"), sizes)
    flagged = filters.BooleanFilter(label=_("Red flag"), method="with_red_flag", widget=YesOrNo)

    class Meta:
        model = Enterprise
        fields = []

    @cached_property
    def form(self):
        """The form, with the cities of the chosen province; none before one is chosen, so that the page stays light."""
        form = form_class()(self.data)
        form.fields["region"].choices = city_choices(self.data.get("province", ""))
        return form

    def search(self, queryset, name, value):
        return queryset.named_like(value)

    def only_mine(self, queryset, name, value):
        return queryset.filter(owner=self.request.user) if value else queryset

    def standing_in(self, queryset, name, value):
        return queryset.filter(in_rhythm(value, timezone.localdate()))

    def of_department(self, queryset, name, value):
        shared = Enterprise.departments.through.objects.filter(department=value).values("enterprise")
        return queryset.filter(Q(lead_department=value) | Q(pk__in=shared))

    def within_province(self, queryset, name, value):
        """A chosen city is one of the province's: asking for both tells the database nothing and costs a third."""
        return queryset if self.form.cleaned_data.get("region") else queryset.filter(region__in=codes_within(value))

    def with_red_flag(self, queryset, name, value):
        return queryset.filter(RED_FLAG if value else ~RED_FLAG)


@cache
def form_class():
    """Made once: the fields are the same for everybody, and every form copies them."""
    return filters.FilterSet.get_form_class(EnterpriseFilter())


#: How an agreement can have ended.
OVER = ("expired", "renewed", "terminated")
#: Word in the address -> label and days ahead.
ENDS = {"90": (_("within 90 days"), EXPIRY_STEPS[0]), "30": (_("within 30 days"), EXPIRY_STEPS[1])}


def agreement_states():
    return Agreement.State.choices


def agreement_kinds():
    return Agreement.Kind.choices


def end_choices():
    return [(key, label) for key, (label, _days) in ENDS.items()]


#: Word in the address beside the stages: with the other side for a long time.
LONG_AWAY = "late"


def paper_choices():
    return [*Stage.choices, (LONG_AWAY, _("sent and not back for %(days)s days") % {"days": AWAY_DAYS})]


def paper_is(stage, today):
    """The condition that the paper of an agreement is at `stage` (rules.papers.stage_of), or LONG_AWAY."""
    rows = PaperStep.objects.standing().filter(agreement=OuterRef("pk"))

    def has(*steps):
        return Exists(rows.filter(step__in=steps))

    away = has(Step.SENT) & ~has(Step.RETURNED)
    sealing = (has(Step.SEAL, Step.COPIES) & ~has(Step.SENT, Step.RETURNED)) | (has(Step.RETURNED) & ~has(Step.SEAL))
    later = (Step.SEAL, Step.COPIES, Step.SENT, Step.RETURNED)
    return {
        Stage.APPROVAL: Exists(rows) & ~has(*later),
        Stage.SEALING: sealing,
        Stage.AWAY: away,
        Stage.BACK: has(Step.RETURNED) & has(Step.SEAL),
        LONG_AWAY: away & Exists(rows.filter(step=Step.SENT, on__lte=today - timedelta(days=AWAY_DAYS))),
    }[stage] & ~has(Step.ARCHIVED)


class AgreementFilter(filters.FilterSet):
    q = filters.CharFilter(label=_("Partner, title or number"), method="search")
    mine = filters.BooleanFilter(label=_("My agreements"), method="only_mine")
    ended = filters.BooleanFilter(label=_("With the ended ones"), method="with_ended")
    enterprise = filters.NumberFilter(label=_("Enterprise"), field_name="enterprise")
    state = one_of(_("State"), agreement_states)
    kind = one_of(_("Kind"), agreement_kinds)
    ends = one_of(_("Ends"), end_choices, method="ending")
    paper = one_of(_("Paper"), paper_choices, method="on_paper")
    owner = row_of(_("Looked after by"), owners)
    department = row_of(_("Department"), departments, method="of_department")

    class Meta:
        model = Agreement
        fields = []

    def search(self, queryset, name, value):
        partners = Enterprise.objects.named_like(value).values("pk")
        return queryset.filter(Q(enterprise__in=partners) | Q(title__icontains=value) | Q(number__icontains=value))

    def only_mine(self, queryset, name, value):
        return queryset.filter(owner=self.request.user) if value else queryset

    def filter_queryset(self, queryset):
        """What has ended stays out unless it is asked for, by its state or with all."""
        queryset = super().filter_queryset(queryset)
        asked = self.form.cleaned_data
        return queryset if asked.get("ended") or asked.get("state") else queryset.exclude(state__in=OVER)

    def with_ended(self, queryset, name, value):
        return queryset

    def ending(self, queryset, name, value):
        today = timezone.localdate()
        within = {"effective_until__gte": today, "effective_until__lte": today + timedelta(days=ENDS[value][1])}
        return queryset.bases().in_force().filter(**within)

    def on_paper(self, queryset, name, value):
        if value == Stage.ARCHIVED:
            return queryset.filter(Exists(PaperStep.objects.standing().filter(agreement=OuterRef("pk"), step=value)))
        return queryset.filter(paper_is(value, timezone.localdate()))

    def of_department(self, queryset, name, value):
        shared = Agreement.departments.through.objects.filter(department=value).values("agreement")
        return queryset.filter(Q(department=value) | Q(pk__in=shared))


#: Word in the address -> label and days ahead; of what is open.
DUE = {"14": (_("within 14 days"), 14), "30": (_("within 30 days"), 30), "90": (_("within 90 days"), 90)}


def sides():
    return [(side, label) for side, label in Side.choices if side != Side.BOTH]


def promise_states():
    """The states, and late as one of them: what is open and whose day has passed."""
    return [("late", LATE.label), *((state, OBLIGATION.words[state].label) for state in ObligationState)]


def due_choices():
    return [(key, label) for key, (label, _days) in DUE.items()]


class ObligationFilter(filters.FilterSet):
    q = filters.CharFilter(label=_("Partner, or what was promised"), method="search")
    mine = filters.BooleanFilter(label=_("Mine"), method="only_mine")
    settled = filters.BooleanFilter(label=_("With the settled ones"), method="with_settled")
    enterprise = filters.NumberFilter(label=_("Enterprise"), field_name="enterprise")
    side = one_of(_("Side"), sides)
    state = one_of(_("State"), promise_states, method="standing")
    due = one_of(_("Due"), due_choices, method="due_within")
    owner = row_of(_("Looked after by"), owners, method="looked_after")
    kind = one_of(_("Kind of agreement"), agreement_kinds, field_name="agreement__kind")

    class Meta:
        model = Obligation
        fields = []

    def search(self, queryset, name, value):
        partners = Enterprise.objects.named_like(value).values("pk")
        return queryset.filter(Q(enterprise__in=partners) | Q(text__icontains=value) | Q(text_en__icontains=value))

    def only_mine(self, queryset, name, value):
        return self.looked_after(queryset, name, self.request.user) if value else queryset

    def looked_after(self, queryset, name, value):
        """Whoever does it, or looks after its agreement."""
        return queryset.filter(Q(owner=value) | Q(agreement__owner=value))

    def filter_queryset(self, queryset):
        """What is settled stays out unless it is asked for, by its state or with all."""
        queryset = super().filter_queryset(queryset)
        asked = self.form.cleaned_data
        return queryset if asked.get("settled") or asked.get("state") else queryset.open()

    def with_settled(self, queryset, name, value):
        return queryset

    def standing(self, queryset, name, value):
        return queryset.late(timezone.localdate()) if value == "late" else queryset.filter(state=value)

    def due_within(self, queryset, name, value):
        today = timezone.localdate()
        return queryset.open().filter(due_on__range=(today, today + timedelta(days=DUE[value][1])))


@dataclass(frozen=True)
class Asked:
    """Who narrows a list, and by which parameters: all that a filter wants of a request, for a worker too."""

    user: object
    GET: object


def partners_for(user, data):
    """The filter over the partners that `user` sees, narrowed by `data`; a value that does not exist narrows nothing.

    `enterprises` are rows that were ticked: then these and no others.
    """
    everything = Enterprise.objects.visible_to(user).current()
    if ticked := keys_in(data, "enterprises"):
        everything = everything.filter(pk__in=ticked)
    return EnterpriseFilter(data, queryset=everything, request=Asked(user, data))


def agreements_for(user, data):
    """The same for agreements and the amendments still at work."""
    rows = Agreement.objects.visible_to(user).filter(Q(amends=None) | ~Q(state=AgreementState.IN_FORCE))
    if ticked := keys_in(data, "agreements"):
        rows = rows.filter(pk__in=ticked)
    return AgreementFilter(data, queryset=rows, request=Asked(user, data))


def obligations_for(user, data):
    """The same for what both sides promised, as far as it still counts."""
    rows = Obligation.objects.visible_to(user).signed().filter(is_beyond_term=False)
    return ObligationFilter(data, queryset=rows, request=Asked(user, data))


def papers_away(user, data):
    """(steps by which papers that `user` sees were sent and are not back, what narrows them). `for=all`: lately too."""
    rows = PaperStep.objects.away(since=None if data.get("for") == "all" else late_since())
    rows = rows.filter(agreement__in=Agreement.objects.visible_to(user))
    if data.get("mine") == "true":
        rows = rows.filter(agreement__owner=user)
    return rows, {"for": data.get("for") == "all", "mine": data.get("mine") == "true"}


def late_since():
    return timezone.localdate() - timedelta(days=AWAY_DAYS)


def results_for(user, data):
    """The results of one year (“school-2026”, else the school year that runs), and what was taken from `data`."""
    kind, year = read_year(data.get("year"), timezone.localdate())
    rows = YearResult.objects.visible_to(user).filter(kind=kind, year=year, enterprise__merged_into=None)
    words, mine = data.get("q", "").strip()[:60], bool(data.get("mine"))
    if words:
        rows = rows.filter(enterprise__in=Enterprise.objects.named_like(words).values("pk"))
    if mine:
        rows = rows.filter(enterprise__owner=user)
    asked = f"{kind}-{year}" if data.get("year") == f"{kind}-{year}" else ""
    return rows, {"year": asked, "q": words, "mine": mine, "kind": kind, "number": year}


def keys_in(data, name):
    """The ids that an address or a form carries under `name`; what is none counts for nothing."""
    return [int(key) for key in data.getlist(name) if key.isdecimal() and len(key) < 19]


def trips_for(user, data):
    """(trips that `user` sees, narrowed by `data`; its values as the page shows them). The unknown narrows nothing."""
    queryset, chosen = Trip.objects.visible_to(user), {"when": "", "tag": "", "mine": False}
    when = data.get("when", "")
    if term := read_term(when):
        queryset = queryset.filter(starts_on__range=(term.first_day, term.last_day))
        chosen["when"] = when
    elif when.isdecimal() and len(when) == 4 and int(when) >= 1:
        queryset = queryset.filter(starts_on__range=(date(int(when), 1, 1), date(int(when), 12, 31)))
        chosen["when"] = when
    if data.get("tag") in EvidenceTag.values:
        chosen["tag"] = data["tag"]
        queryset = queryset.filter(tags__contains=[chosen["tag"]])
    if data.get("mine"):
        chosen["mine"] = True
        joined = Trip.colleagues.through.objects.filter(user=user).values("trip")
        queryset = queryset.filter(Q(logged_by=user) | Q(pk__in=joined))
    return queryset, chosen


def seminars_for(user, data):
    """The same for events."""
    queryset, chosen = Seminar.objects.visible_to(user), {"kind": "", "state": ""}
    for name, values in (("kind", Seminar.Kind.values), ("state", Seminar.State.values)):
        if data.get(name) in values:
            chosen[name] = data[name]
            queryset = queryset.filter(**{name: chosen[name]})
    return queryset, chosen


def registrations_for(user, data):
    """The same for registrations: those that wait, or with `show=decided` the others."""
    rows, shows_decided = Registration.objects.visible_to(user), data.get("show") == "decided"
    rows = rows.exclude(state=Registration.State.WAITING) if shows_decided else rows.waiting()
    return rows, {"show": "decided" if shows_decided else ""}
