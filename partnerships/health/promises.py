"""Parts about what was signed: what each side kept of it, how long it still counts, how many ways it works in."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from partnerships.health.contact import KNOWN, SHOWN
from partnerships.health.part import Advice, Behind, Part
from partnerships.models import Match, SeminarGuest
from partnerships.models.agreement import SIGNED_STATES, AgreementKind
from partnerships.models.touchpoint import Kind
from partnerships.rules.agreements import OPEN_END
from partnerships.workflow import AgreementState, ObligationState
from records.models import Side

#: So far back a promise counts, and a way of working together.
DAYS = 730
#: A runway of this many days is full.
RUNWAY = 365
#: So many ways of working together are full.
FULL = 5
#: What is kept after its day counts half.
LATE = 0.5


class Promises(Part):
    """Of the duties of one side that were due within two years: kept in time counts 1, kept late half, else nothing.

    What both sides waived does not count; what is open and not due yet neither. None where nothing was due.
    """

    def __init__(self, name, side, label, explanation):
        self.name, self.side, self.label, self.explanation = name, side, label, explanation
        self.sql = f"""
            WITH due AS (
                SELECT o.enterprise_id AS key, o.due_on, o.kept_on,
                    CASE WHEN o.closed_at < %(until)s THEN o.state ELSE 'open' END AS state
                FROM scope s JOIN partnerships_obligation o ON o.enterprise_id = s.key
                WHERE o.side = '{side}' AND o.due_on > %(day)s - {DAYS} AND o.created_at < %(until)s
            )
            SELECT key AS enterprise,
                avg(CASE WHEN state <> 'kept' THEN 0 WHEN kept_on > due_on THEN {LATE} ELSE 1 END) AS value
            FROM due WHERE state IN ('kept', 'breached') OR (state = 'open' AND due_on < %(day)s) GROUP BY key
        """

    def rows(self, enterprise, today):
        counted = enterprise.obligations.of_side(self.side).filter(due_on__gt=today - timedelta(days=DAYS))
        counted = counted.exclude(state=ObligationState.WAIVED).exclude(state=ObligationState.OPEN, due_on__gte=today)
        return [self._behind(row) for row in counted.order_by("-due_on", "-pk")[:SHOWN]]

    def _behind(self, row):
        if row.state == ObligationState.KEPT:
            is_late = row.kept_on > row.due_on
            says = _("kept late") if is_late else ObligationState.KEPT.label
        else:
            is_late, says = True, _("late") if row.state == ObligationState.OPEN else row.get_state_display()
        page = reverse("partnerships:agreement_detail", args=[row.agreement_id])
        return Behind(row.heading, row.due_on, says, page, not is_late)

    def advice(self, enterprise, today):
        page = reverse("partnerships:enterprise_detail", args=[enterprise.pk]) + "#agreements"
        if not self.rows(enterprise, today):
            return Advice(_("Write down in an agreement who does what by when."), _("Agreements"), page)
        if self.side == Side.SCHOOL:
            return Advice(_("Keep what is late on our side, or agree on a new day for it."), _("Agreements"), page)
        return Advice(
            _("Ask for what is late there, or waive by agreement what neither side needs."), _("Agreements"), page
        )


#: The agreements that were ever in force: kind, whether it counts, the last day known (what renews itself has none).
IN_FORCE = f"""
    SELECT a.enterprise_id AS key, a.kind, a.state = 'in_force' AND a.effective_until >= %(day)s AS counts,
        CASE WHEN a.ended_on IS NULL AND coalesce(last.auto_renews, a.auto_renews) THEN DATE '{OPEN_END}'
            ELSE a.effective_until END AS until
    FROM scope s JOIN partnerships_agreement a ON a.enterprise_id = s.key
    LEFT JOIN LATERAL (
        SELECT auto_renews FROM partnerships_agreement m WHERE m.amends_id = a.id AND m.state = 'in_force'
        ORDER BY nth DESC LIMIT 1
    ) last ON true
    WHERE a.amends_id IS NULL AND a.state IN {SIGNED_STATES}
"""
#: The same as known when a day long past ended: by the events of the agreement and of its amendments.
EVENT = """
    FROM records_event e WHERE e.subject_type_id =
        (SELECT id FROM django_content_type WHERE app_label = 'partnerships' AND model = 'agreement')
    AND e.happened_at < %(until)s AND e.recorded_at < %(until)s
"""
IN_FORCE_THEN = f"""
    SELECT a.enterprise_id AS key, a.kind,
        life.over IS NULL AND coalesce(last.ends_on, a.ends_on, DATE '{OPEN_END}') >= %(day)s AS counts,
        CASE WHEN coalesce(last.auto_renews, a.auto_renews) THEN DATE '{OPEN_END}'
            WHEN last.nth IS NULL THEN coalesce(a.ends_on, DATE '{OPEN_END}')
            ELSE coalesce(last.ends_on, DATE '{OPEN_END}') END AS until
    FROM scope s JOIN partnerships_agreement a ON a.enterprise_id = s.key
    JOIN LATERAL (
        SELECT min(happened_at) FILTER (WHERE kind = 'agreement.enter') AS entered,
            min(happened_at) FILTER (WHERE kind <> 'agreement.enter') AS over
        {EVENT} AND e.subject_id = a.id
            AND e.kind IN ('agreement.enter', 'agreement.expire', 'agreement.renew', 'agreement.terminate')
    ) life ON life.entered IS NOT NULL
    LEFT JOIN LATERAL (
        SELECT nth, ends_on, auto_renews FROM partnerships_agreement m
        WHERE m.amends_id = a.id AND m.state = 'in_force'
            AND EXISTS (SELECT {EVENT} AND e.subject_id = m.id AND e.kind = 'agreement.enter')
        ORDER BY nth DESC LIMIT 1
    ) last ON true
    WHERE a.amends_id IS NULL AND a.state IN {SIGNED_STATES}
"""


class Runway(Part):
    """How long the agreement that counts longest still counts, a year being full; renewing itself is full too.

    Nothing where all have ended; None where there never was one.
    """

    name = "runway"
    label = gettext_lazy("agreement runway")
    explanation = gettext_lazy("How long what was signed still counts: full from a year on.")
    _sql = """
        SELECT key AS enterprise,
            max(CASE WHEN counts THEN least(1, (until - %(day)s) / {}.0) ELSE 0 END) AS value
        FROM ({}) agreement GROUP BY key
    """
    sql, sql_then = _sql.format(RUNWAY, IN_FORCE), _sql.format(RUNWAY, IN_FORCE_THEN)

    def rows(self, enterprise, today):
        rows = enterprise.agreements.bases().filter(state__in=SIGNED_STATES).order_by("-effective_until", "-pk")
        return [_agreement(row, today) for row in rows[:SHOWN]]

    def advice(self, enterprise, today):
        latest = enterprise.agreements.bases().in_force().order_by("-effective_until", "-pk").first()
        if latest is not None:
            page = reverse("partnerships:agreement_detail", args=[latest.pk])
            return Advice(_("Prepare the renewal before the agreement ends."), _("Open the agreement"), page)
        page = reverse("partnerships:agreement_new", args=[enterprise.pk])
        return Advice(_("Sign an agreement that counts for at least a year."), _("New agreement"), page)


def _agreement(row, today):
    if row.state != AgreementState.IN_FORCE:
        says = row.get_state_display()
    elif row.is_open_ended:
        says = _("without end")
    else:
        days = (row.effective_until - today).days
        says = ngettext("%(days)d day left", "%(days)d days left", days) % {"days": days}
    until = None if row.is_open_ended else row.effective_until
    page = reverse("partnerships:agreement_detail", args=[row.pk])
    return Behind(row.heading, until, says, page, row.state == AgreementState.IN_FORCE)


#: Ways of working together beside kinds of agreements: what touchpoints tell of, by column of the statement below.
TOGETHER = {
    "met": gettext_lazy("visits and meetings"),
    "places": gettext_lazy("internship places offered"),
    "jobs": gettext_lazy("jobs offered"),
}
MET = (Kind.VISIT.value, Kind.RECEIVED.value, Kind.MEETING.value)


class Spread(Part):
    """In how many ways both sides worked together in two years, FULL being full: each kind of agreement in force,
    seminars attended, needs that met something of the school, visits, internship places and jobs offered. None with
    neither agreement nor contact."""

    name = "spread"
    label = gettext_lazy("spread of cooperation")
    explanation = gettext_lazy("In how many ways both sides worked together in the last two years.")
    _sql = f"""
        WITH agreement AS ({{}}),
        kinds AS (SELECT key, count(DISTINCT kind) FILTER (WHERE counts) AS number FROM agreement GROUP BY key),
        seminars AS (
            SELECT DISTINCT g.enterprise_id AS key
            FROM scope s JOIN partnerships_seminarguest g ON g.enterprise_id = s.key
            JOIN partnerships_seminar m ON m.id = g.seminar_id
            WHERE g.attended AND m.starts_at >= %(until)s - interval '{DAYS} days' AND m.starts_at < %(until)s
        ),
        needs AS (
            SELECT DISTINCT n.enterprise_id AS key
            FROM scope s JOIN partnerships_need n ON n.enterprise_id = s.key
            JOIN partnerships_match m ON m.need_id = n.id AND m.verdict = 'accepted'
            WHERE m.decided_at >= %(until)s - interval '{DAYS} days' AND m.decided_at < %(until)s
        ),
        together AS (
            SELECT t.enterprise_id AS key, bool_or(t.kind IN {MET} AND t.is_two_way)::int
                + coalesce(bool_or(t.internships_offered > 0), false)::int
                + coalesce(bool_or(t.jobs_offered > 0), false)::int AS number
            FROM scope s JOIN partnerships_touchpoint t ON t.enterprise_id = s.key
            WHERE t.happened_at >= %(until)s - interval '{DAYS} days' AND {KNOWN} GROUP BY t.enterprise_id
        )
        SELECT s.key AS enterprise, least(1, (coalesce(k.number, 0) + coalesce(t.number, 0) + (m.key IS NOT NULL)::int
            + (n.key IS NOT NULL)::int) / {FULL}.0) AS value
        FROM scope s LEFT JOIN kinds k ON k.key = s.key LEFT JOIN together t ON t.key = s.key
        LEFT JOIN seminars m ON m.key = s.key LEFT JOIN needs n ON n.key = s.key
        WHERE num_nonnulls(k.key, t.key, m.key, n.key) > 0
    """
    sql, sql_then = _sql.format(IN_FORCE), _sql.format(IN_FORCE_THEN)

    def rows(self, enterprise, today):
        since = timezone.now() - timedelta(days=DAYS)
        in_force = enterprise.agreements.bases().in_force().filter(effective_until__gte=today).order_by("kind", "pk")
        rows = {row.kind: _way(AgreementKind(row.kind).label, row) for row in in_force}
        came = SeminarGuest.objects.filter(enterprise=enterprise, attended=True, seminar__starts_at__gte=since)
        came = came.select_related("seminar").order_by("-seminar__starts_at").first()
        if came:
            page = reverse("partnerships:seminar_detail", args=[came.seminar_id])
            rows["seminar"] = Behind(str(_("events with the school")), came.seminar.starts_at, _("yes"), page, True)
        met = Match.objects.filter(need__enterprise=enterprise, verdict=Match.Verdict.ACCEPTED, decided_at__gte=since)
        if matched := met.select_related("need").order_by("-decided_at").first():
            page = reverse("partnerships:need_detail", args=[matched.need_id])
            rows["need"] = Behind(str(_("needs met by the school")), matched.decided_at, _("yes"), page, True)
        known = enterprise.touchpoints.standing().filter(happened_at__gte=since).order_by("-happened_at", "-pk")
        met, places, jobs = (
            known.filter(kind__in=MET, is_two_way=True), known.filter(internships_offered__gt=0),
            known.filter(jobs_offered__gt=0),
        )  # fmt: skip
        for name, found in (("met", met.first()), ("places", places.first()), ("jobs", jobs.first())):
            page = reverse("partnerships:touchpoint_detail", args=[found.pk]) if found else ""
            when = found.happened_at if found else None
            rows[name] = Behind(str(TOGETHER[name]), when, _("yes") if found else _("not yet"), page, found is not None)
        return list(rows.values())

    def advice(self, enterprise, today):
        return Advice(
            _("Add a way of working together: invite them to an event, or draft another kind of agreement."),
            _("New agreement"), reverse("partnerships:agreement_new", args=[enterprise.pk]),
        )  # fmt: skip


def _way(label, row):
    return Behind(
        str(label), row.effective_from, _("yes"), reverse("partnerships:agreement_detail", args=[row.pk]), True
    )


KEPT_THERE = Promises(
    "kept_there", "enterprise", gettext_lazy("promises kept by the enterprise"),
    gettext_lazy("What the enterprise kept of its duties that were due in the last two years."),
)  # fmt: skip
KEPT_HERE = Promises(
    "kept_here", "school", gettext_lazy("promises kept by the school"),
    gettext_lazy("What the school kept of its duties that were due in the last two years."),
)  # fmt: skip
RUNWAY_LEFT, SPREAD = Runway(), Spread()
