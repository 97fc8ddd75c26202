"""Suggestions both ways: offers for an enterprise's need, needs and partners for an offer, partners for a wish.

School only: the enterprise reads what was found, never what spoke for or against it.
"""

from collections import defaultdict
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Case, Count, FloatField, Q, Sum, Value, When, prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from partnerships.models import Ask, Enterprise, Match, Need, Obligation, Offer, Site
from partnerships.models.ask import BUSY
from partnerships.models.need import NeedKind
from partnerships.rules import matching as rules
from partnerships.rules.matching import WEIGHTS, Part, total
from partnerships.rules.obligations import kept_record
from policies.services import affinities_of, categories_near, codes_within, region_names
from records.models import Side
from records.templatetags.show import listed

#: So many suggestions stand on a page.
SHOWN = 10
#: So many partners are looked at closely: the best by trade, distance and size, among whom the record decides.
POOL = 60
LABELS = {
    "trade": gettext_lazy("specialty and industry"), "distance": gettext_lazy("distance"),
    "fit": gettext_lazy("level and size"), "capacity": gettext_lazy("free capacity"),
    "record": gettext_lazy("kept promises and contact"),
}  # fmt: skip


@dataclass(frozen=True)
class Suggestion:
    """An offer, a need or a partner with what speaks for it, part by part."""

    row: object
    parts: tuple

    @property
    def points(self):
        return total(self.parts)

    @property
    def reasons(self):
        """[(label, share in percent, sentence)], in the order of the weights."""
        return [(LABELS[part.name], round(part.share * 100), part.why) for part in self.parts]


def best(suggestions):
    return sorted(suggestions, key=lambda one: (-one.points, one.row.pk))[:SHOWN]


# --- offers for a need, needs for an offer ---------------------------------------------------------------------------


def offers_for(need, *, today):
    """The best offers for what an enterprise looks for, without those that were decided about."""
    offers = Offer.objects.standing().with_taken(today).filter(kind__in=rules.ANSWERED_BY[need.kind])
    offers = offers.exclude(matches__need=need).select_related("department").prefetch_related("specialties__category")
    offers = list(offers)
    prefetch_related_objects([need], "specialties__category", "enterprise__industry", "site")
    kept = _kept_by_departments({offer.department_id for offer in offers}, today)
    near = categories_near(need.enterprise.industry_id, today) if need.enterprise.industry_id else None
    return best(Suggestion(offer, _parts(need, offer, near, kept)) for offer in offers)


def needs_for(offer, *, today):
    """The best open needs of enterprises that `offer` can meet, without those that were decided about."""
    kinds = [kind for kind, answers in rules.ANSWERED_BY.items() if offer.kind in answers]
    needs = Need.objects.of_enterprises().open().filter(kind__in=kinds, until_on__gte=today).exclude(
        matches__offer=offer
    )  # fmt: skip
    needs = needs.select_related("enterprise__industry", "site").prefetch_related("specialties__category")
    needs = list(needs.order_by("until_on", "pk")[:POOL])
    prefetch_related_objects([offer], "specialties__category", "department")
    kept = _kept_by_departments({offer.department_id}, today)
    categories = {row.category_id for row in offer.specialties.all()}
    near = affinities_of(categories, today) if categories else {}
    found = []
    for need in needs:
        closeness = near.get(need.enterprise.industry_id, 0) if need.enterprise.industry_id else None
        found.append(Suggestion(need, _parts(need, offer, dict.fromkeys(categories, closeness or 0), kept)))
    return best(found)


def _parts(need, offer, near, kept):
    """What speaks for `offer` where an enterprise looks for `need`. `near`: category -> closeness to its industry."""
    there = need.site.region_id if need.site_id and need.site.region_id else need.enterprise.region_id
    counts = kept.get(offer.department_id, {})
    return (
        _trade_part(need, offer, near),
        _distance_part(there),
        Part("fit", rules.fit_of_level(need.level, offer.level), _level_words(need, offer)),
        Part("capacity", rules.room(need.number, offer.capacity, offer.taken), _capacity_words(need.number, offer)),
        Part("record", rules.record(counts, 0), _department_words(offer.department, counts)),
    )


def _trade_part(need, offer, near):
    wanted, offered = list(need.specialties.all()), list(offer.specialties.all())
    codes = [row.pk for row in offered]
    categories = {row.category_id: row.category for row in offered}
    closest = max(categories, key=lambda code: (near or {}).get(code, 0), default=None)
    closeness = None if near is None or closest is None else near.get(closest, 0)
    share = rules.trade_between([row.pk for row in wanted], codes, closeness)
    same = [row for row in wanted if row.pk in codes]
    if same:
        why = _("Both name %(names)s.") % {"names": listed(same)}
    elif wanted and offered and share == rules.SAME_CATEGORY:
        why = _("Other specialties of the same category: %(names)s.") % {"names": listed(offered)}
    elif wanted and offered:
        why = _("Another field: %(names)s.") % {"names": listed(offered)}
    elif closeness:
        values = {"category": categories[closest], "industry": need.enterprise.industry}
        why = _close_words(closeness) % values
    elif offered and closeness == 0:
        why = _("Nothing connects %(category)s with their industry.") % {"category": categories[closest]}
    else:
        why = _("No specialty is named.")
    return Part("trade", share, why)


def _close_words(closeness):
    return {
        3: _("%(industry)s is the own trade of %(category)s."),
        2: _("%(industry)s is close to %(category)s."),
        1: _("%(industry)s is possible for %(category)s."),
    }[closeness]


def _distance_part(there):
    where = rules.distance(settings.UNIVERSITY_REGION, there)
    name = region_names().get(there, "")
    why = {
        rules.CITY: _("In %(place)s, as we are.") % {"place": name},
        rules.PROVINCE: _("In our province, in %(place)s.") % {"place": name},
        rules.ELSEWHERE: _("Far away, in %(place)s.") % {"place": name},
        rules.UNKNOWN: _("Where it lies is not known."),
    }[where]
    return Part("distance", rules.DISTANCE[where], why)


def _level_words(need, offer):
    if not need.level or not offer.level:
        return _("No level is asked for.") if not need.level else _("Open to every level.")
    if need.level == offer.level:
        return _("Both say %(level)s.") % {"level": offer.get_level_display()}
    return _("They look for %(wanted)s, this is %(offered)s.") % {
        "wanted": need.get_level_display(), "offered": offer.get_level_display()
    }  # fmt: skip


def _capacity_words(number, offer):
    if offer.capacity is None:
        return _("No limit.")
    free = max(offer.capacity - offer.taken, 0)
    values = {"free": free, "capacity": offer.capacity, "number": number}
    if not number:
        return _("%(free)s of %(capacity)s are still free this year.") % values
    return _("%(free)s of %(capacity)s are still free this year, %(number)s are wanted.") % values


def _department_words(department, counts):
    record = kept_record(counts)
    if not record["due"]:
        return _("%(department)s has promised nothing in an agreement yet.") % {"department": department}
    return _("%(department)s kept %(kept)s of %(due)s promises.") % {"department": department, **record}


# --- partners for a wish or an offer ---------------------------------------------------------------------------------


def partners_for(subject, *, today):
    """The best partners for a department's wish (a Need) or for an offer, without those that were decided about."""
    prefetch_related_objects([subject], "specialties__category")
    codes = sorted({row.category_id for row in subject.specialties.all()})
    near = affinities_of(codes, today) if codes else {}
    number = subject.number if isinstance(subject, Need) else None
    keys = list(candidates(near, number, bool(codes)).exclude(pk__in=_decided(subject))[:POOL])
    rows = Enterprise.objects.filter(pk__in=keys).select_related("industry", "owner").defer("grams", "search_text")
    kept, places = _kept_by_partners(keys, today), _places_of(keys, today) if _counts_places(subject) else {}
    category = next((row.category for row in subject.specialties.all()), None)
    return best(
        Suggestion(row, _partner_parts(row, near, category, number, kept.get(row.pk, {}), places.get(row.pk), today))
        for row in rows
    )


def candidates(near, number, has_specialties):
    """Ids of partners by trade, distance and size, the best first: one look at the index enterprise_matching alone.

    `near`: industry -> closeness. Where specialties are named, only partners of trades to which they lead.
    """
    rows = Enterprise.objects.filter(
        merged_into=None, relation="partner", state__in=["prospect", "assessed", "active"]
    )  # fmt: skip
    if has_specialties:
        rows = rows.filter(industry__in=near)
    by_trade = defaultdict(list)
    for industry, closeness in near.items():
        by_trade[closeness].append(industry)
    trade = _case([(Q(industry__in=some), rules.TRADE[n]) for n, some in sorted(by_trade.items())], 0.0)
    points = trade * Value(WEIGHTS["trade"]) + _by_distance() * Value(WEIGHTS["distance"])
    if number:
        points += _by_size(number) * Value(WEIGHTS["fit"])
    ordered = rows.annotate(static_points=points).order_by("-static_points", "-last_contact_at", "pk")
    return ordered.values_list("pk", flat=True)


def _case(whens, otherwise):
    cases = [When(condition, then=Value(share)) for condition, share in whens]
    return Case(*cases, default=Value(otherwise), output_field=FloatField())


def _by_distance():
    home = settings.UNIVERSITY_REGION
    return _case(
        [
            (Q(region=home), rules.DISTANCE[rules.CITY]),
            (Q(region__in=codes_within(f"{home[:2]}0000")), rules.DISTANCE[rules.PROVINCE]),
            (Q(region=None), rules.DISTANCE[rules.UNKNOWN]),
        ],
        rules.DISTANCE[rules.ELSEWHERE],
    )


def _by_size(number):
    """The same as rules.fit_of_size()."""
    known = [(Q(headcount__gte=-(-number * 1000 // most)), share) for most, share in rules.ROOM]
    guessed = [(Q(headcount=None, size=size), share) for size, share in rules.BY_SIZE.items()]
    return _case([*known, *guessed], rules.CROWDED)


def _decided(subject):
    pair = {"need": subject} if isinstance(subject, Need) else {"offer": subject}
    return Match.objects.filter(enterprise__isnull=False, **pair).values("enterprise")


def _counts_places(subject):
    return isinstance(subject, Need) and subject.kind == NeedKind.INTERNS


def _partner_parts(row, near, category, number, counts, places, today):
    closeness = near.get(row.industry_id, 0)
    if category is None:
        trade = Part("trade", rules.NOTHING_NAMED, _("No specialty is named."))
    else:
        trade = Part(
            "trade",
            rules.TRADE[closeness],
            _close_words(closeness) % {"category": category, "industry": row.industry},
        )
    days = (today - timezone.localdate(row.last_contact_at)).days if row.had_contact else None
    return (
        trade,
        _distance_part(row.region_id),
        Part("fit", rules.fit_of_size(number, row.headcount, row.size), _size_words(number, row)),
        _places_part(number, *(places or (None, 0))),
        Part("record", rules.record(counts, days), _record_words(counts, days)),
    )


def _size_words(number, row):
    if not number:
        return _("No number is asked for.")
    if row.headcount:
        values = {"headcount": row.headcount, "number": number}
        return _("%(number)s beside %(headcount)s employees.") % values
    return _("Headcount not known; size: %(size)s.") % {"size": row.get_size_display()}


def _places_part(number, capacity, taken):
    if capacity is None:
        return Part("capacity", rules.ROOM_UNKNOWN, _("How many they take is not known."))
    why = _("%(capacity)s places on its sites, %(taken)s of them promised.") % {"capacity": capacity, "taken": taken}
    return Part("capacity", rules.room(number, capacity, taken), why)


def _record_words(counts, days):
    record = kept_record(counts)
    promises = _("Kept %(kept)s of %(due)s promises.") % record if record["due"] else _("No promise has been due yet.")
    contact = _contact_words(days)
    return f"{promises} {contact}"


def _contact_words(days):
    if days is None:
        return _("No contact is known.")
    if days < 1:
        return _("Last contact today.")
    return ngettext("Last contact %(days)s day ago.", "Last contact %(days)s days ago.", days) % {"days": days}


# --- what was kept, what is free: one query each, however many rows --------------------------------------------------


def _tallied(rows, key, today):
    """{key: {"kept": n, "breached": n, "late": n}} of these obligations, as services.obligations.tally counts them."""
    late = Q(state="open", due_on__lt=today)
    counted = rows.filter(is_beyond_term=False).order_by().values(key).annotate(
        kept=Count("pk", filter=Q(state="kept")), breached=Count("pk", filter=Q(state="breached")),
        late=Count("pk", filter=late),
    )  # fmt: skip
    return {row.pop(key): row for row in counted}


def _kept_by_partners(keys, today):
    return _tallied(Obligation.objects.filter(enterprise__in=keys, side=Side.ENTERPRISE), "enterprise", today)


def _kept_by_departments(keys, today):
    rows = Obligation.objects.filter(owner__department__in=keys, side=Side.SCHOOL)
    return _tallied(rows, "owner__department", today)


def _places_of(keys, today):
    """{enterprise: (places for interns on its sites, how many of them are asked for or promised this year)}."""
    sites = Site.objects.filter(enterprise__in=keys, closed_on=None, capacity__isnull=False)
    whole = dict(sites.order_by().values_list("enterprise").annotate(Sum("capacity")))
    asks = Ask.objects.filter(enterprise__in=keys, kind="host", state__in=[*BUSY, "done"], asked_at__year=today.year)
    taken = dict(asks.order_by().values_list("enterprise").annotate(Sum("number")))
    return {key: (capacity, taken.get(key, 0)) for key, capacity in whole.items()}
