"""The rhythm of contact of a portfolio over time: how often both sides spoke, how many partners were in their rhythm.

Everything is read from the rows as they are, for the partners and cadences of today, in one statement. It walks
through every exchange of three years: of the whole school that is counted once an hour and kept.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db import connection
from django.db.models import Count, F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partnerships.models import Enterprise, Message, Touchpoint
from partnerships.rhythms import WATCHED, cadence_days, in_rhythm
from partnerships.rules.rhythm import LONGEST, Rhythm
from partnerships.services.links import REMINDED
from reports.models import RhythmMonth

MONTHS = 24


@dataclass(frozen=True)
class Month:
    """One month: how many exchanges, how many of them answers in the thread; and at its end (of this month: today) how
    many of the partners known by then were within their rhythm."""

    first_day: date
    contacts: int
    answers: int
    within: int
    partners: int

    @property
    def share(self):
        """In whole percent; None where there was no partner yet."""
        return round(self.within / self.partners * 100) if self.partners else None

    @property
    def name(self):
        return f"{self.first_day:%Y-%m}"


# --- whose ------------------------------------------------------------------------------------------------------------


def of_self(user):
    return Q(owner=user)


def of_department(user):
    shared = Enterprise.departments.through.objects.filter(department=user.department_id).values("enterprise")
    return Q(lead_department=user.department_id) | Q(pk__in=shared)


def of_everybody(user):
    return Q()


#: Word in the address -> (label, whose partners, whether `user` may choose it).
SCOPES = {
    "mine": (_("My portfolio"), of_self, lambda user: True),
    "department": (_("My department"), of_department, lambda user: user.department_id is not None),
    "all": (_("The whole school"), of_everybody, lambda user: user.sees_everything),
}


def scopes_of(user):
    """{word: label} of what `user` may look at, the widest last."""
    return {word: label for word, (label, _whose, may) in SCOPES.items() if may(user)}


def partners_in(word, user):
    """The partners with a rhythm that the scope `word` holds for `user`."""
    return Enterprise.objects.visible_to(user).filter(WATCHED).filter(SCOPES[word][1](user))


def partners_of_everybody():
    """The same for whoever sees every partner."""
    return Enterprise.objects.filter(WATCHED)


def list_query(word, user):
    """The beginning of the address under which the list of partners shows the same ones."""
    return {"mine": "mine=true&", "department": f"department={user.department_id}&", "all": ""}[word]


# --- by month ---------------------------------------------------------------------------------------------------------


def first_of(day, months_back=0):
    """The first day of the month so many months before that of `day`."""
    number = day.year * 12 + day.month - 1 - months_back
    return date(number // 12, number % 12 + 1, 1)


def midnight(day):
    return timezone.make_aware(datetime.combine(day, time()))


def months_of(partners, today, *, number=MONTHS):
    """[Month], oldest first, of `partners` (a queryset of those with a rhythm); one statement.

    Of each partner and month the last exchange counts: the partner is within its rhythm from that month on until the
    month at whose end the cadence has run out, or the one of the next exchange. So each is a span of whole months, and
    the spans that begin and end in a month add up to how many stand at its end, however many exchanges there are.
    """
    first = first_of(today, number - 1)
    starts = [first_of(today, back) for back in range(number - 1 + EARLIER, -LATER - 1, -1)]
    scope = partners.order_by().values(key=F("pk"), cadence=cadence_days(), since=F("created_at"))
    sql, values = scope.query.sql_with_params()
    end = midnight(today + timedelta(days=1))
    said = {"starts": [midnight(day) for day in starts], "begin": midnight(starts[0]), "end": end}
    said |= {"purposes": list(REMINDED)} | {f"scope_{n}": value for n, value in enumerate(values)}
    named = sql % tuple(f"%(scope_{n})s" for n in range(len(values)))
    with connection.cursor() as cursor:
        cursor.execute(STATEMENT.format(scope=named), said)
        rows = [(kind, starts[max(bucket, 1) - 1], number) for kind, bucket, number in cursor.fetchall()]
    return list(_months(rows, first, today))


def months_shown(word, user, today):
    """[Month] of the scope `word`. Of the whole school what was counted this hour, and this month as it is now."""
    partners = partners_in(word, user)
    counted = counted_months(today) if word == "all" else None
    return [*counted, month_so_far(partners, today)] if counted else months_of(partners, today)


def counted_months(today):
    """The Months of the whole school before this one, as services.count_rhythm() wrote them; None where one misses."""
    first, this_month = first_of(today, MONTHS - 1), first_of(today)
    rows = RhythmMonth.objects.filter(month__gte=first, month__lt=this_month).order_by("month")
    found = [Month(row.month, row.contacts, row.answers, row.within, row.partners) for row in rows]
    return found if len(found) == MONTHS - 1 else None


def month_so_far(partners, today):
    """The Month of today, as the last of months_of(): by the stored last contact, and the rows of this month alone."""
    begin, end = midnight(first_of(today)), midnight(today + timedelta(days=1))
    touchpoints = Touchpoint.objects.standing().filter(is_two_way=True, happened_at__gte=begin, happened_at__lt=end)
    answered = Q(answers__isnull=False) & ~Q(answers__side=F("side"))
    letters = Message.objects.filter(answered | Q(via__purpose__in=REMINDED), written_at__gte=begin, written_at__lt=end)
    answers = letters.filter(enterprise__in=partners.values("pk")).count()
    contacts = touchpoints.filter(enterprise__in=partners.values("pk")).count()
    within = in_rhythm(Rhythm.FRESH, today) | in_rhythm(Rhythm.SOON, today)
    found = partners.aggregate(partners=Count("pk"), within=Count("pk", filter=within))
    return Month(first_of(today), contacts + answers, answers, found["within"], found["partners"])


#: A span may have begun so many months before the first that is shown, and end so many after the last.
EARLIER, LATER = LONGEST // 28, LONGEST // 28
#: Months are numbers here, by where a moment stands among `starts`: cheaper for a million rows than dates. `change` is
#: +1 and -1 at both ends of a span; `known` counts partners from the month of their first row on.
STATEMENT = """
    WITH scope AS MATERIALIZED ({scope}),
    monthly AS MATERIALIZED (
        SELECT id, month, max(moment) AS last, count(*) AS number, sum(is_answer) AS answers FROM (
            SELECT t.enterprise_id AS id, width_bucket(t.happened_at, %(starts)s::timestamptz[]) AS month,
                t.happened_at AS moment, 0 AS is_answer
            FROM scope s JOIN partnerships_touchpoint t ON t.enterprise_id = s.key
            WHERE t.is_two_way AND t.withdrawn_at IS NULL AND t.happened_at >= %(begin)s AND t.happened_at < %(end)s
            UNION ALL
            SELECT m.enterprise_id, width_bucket(m.written_at, %(starts)s::timestamptz[]), m.written_at, 1
            FROM scope s JOIN partnerships_message m ON m.enterprise_id = s.key
            LEFT JOIN partnerships_message a ON a.id = m.answers_id LEFT JOIN records_link l ON l.id = m.via_id
            WHERE (a.side <> m.side OR l.purpose = ANY(%(purposes)s))
            AND m.written_at >= %(begin)s AND m.written_at < %(end)s
        ) exchange GROUP BY 1, 2
    ),
    span AS (
        SELECT id, month, number, answers, last + cadence * interval '1 day' AS over,
            lead(month) OVER (PARTITION BY id ORDER BY month) AS next
        FROM monthly JOIN scope ON key = id
    ),
    ended AS MATERIALIZED (
        SELECT month, number, answers, next IS NULL AND over >= %(end)s AS is_within,
            least(next, width_bucket(over, %(starts)s::timestamptz[])) AS until FROM span
    ),
    known AS (
        SELECT least(width_bucket(since, %(starts)s::timestamptz[]), first) AS month
        FROM scope LEFT JOIN (SELECT id, min(month) AS first FROM monthly GROUP BY id) rows ON id = key
    )
    SELECT 'number', month, sum(number) FROM ended GROUP BY month
    UNION ALL SELECT 'answers', month, sum(answers) FROM ended GROUP BY month
    UNION ALL SELECT 'change', month, count(*) FROM ended WHERE month < until GROUP BY month
    UNION ALL SELECT 'change', until, -count(*) FROM ended WHERE month < until GROUP BY until
    UNION ALL SELECT 'known', month, count(*) FROM known GROUP BY month
    UNION ALL SELECT 'today', 1, count(*) FROM ended WHERE is_within
"""


def _months(rows, first, today):
    figures = {kind: {} for kind in ("number", "answers", "change", "known", "today")}
    for kind, month, number in rows:
        figures[kind][month] = figures[kind].get(month, 0) + int(number)
    month, within, known = min([first, *figures["change"], *figures["known"]]), 0, 0
    this_month = first_of(today)
    while month <= this_month:
        within += figures["change"].get(month, 0)
        known += figures["known"].get(month, 0)
        if month >= first:
            at_end = sum(figures["today"].values()) if month == this_month else within
            yield Month(month, figures["number"].get(month, 0), figures["answers"].get(month, 0), at_end, known)
        month = first_of(month, -1)


def month_named(text, months):
    """The Month of `months` that an address names, or None."""
    return next((month for month in months if month.name == text), None)


def exchanges_of(partners, month):
    """The two-way exchanges logged in `month`, newest first: the rows behind its bar, without answers in the thread."""
    begin, end = midnight(month.first_day), midnight(first_of(month.first_day, -1))
    rows = Touchpoint.objects.standing().filter(is_two_way=True, happened_at__gte=begin, happened_at__lt=end)
    return rows.filter(enterprise__in=partners.values("pk")).select_related("enterprise", "logged_by")
