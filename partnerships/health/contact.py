"""Parts about talking with each other: the rhythm of contact, and whether it hangs on one person."""

from datetime import timedelta

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import Role
from partnerships.health.part import Advice, Behind, Part
from partnerships.models import Contact
from partnerships.rules.dependence import DAYS, FEWEST
from partnerships.services.links import REMINDED
from partnerships.succession import dependence_of

#: Touchpoints t that stood and were written down when the day ended. What a list brought was in the office's list then.
KNOWN = """
    t.happened_at < %(until)s AND (t.logged_at < %(until)s OR t.is_from_list)
    AND (t.withdrawn_at IS NULL OR t.withdrawn_at >= %(until)s)
"""
#: So many rows behind a part are shown.
SHOWN = 20


class Rhythm(Part):
    """Half: of the last four cadences, how much lay within one cadence after a two-way exchange. Half: how it is today,
    full within the cadence, nothing from twice the cadence on.

    A partner known for less is measured from its first exchange on. None without any exchange ever.
    """

    name = "contact"
    label = gettext_lazy("contact in its own rhythm")
    explanation = gettext_lazy(
        "Half: how much of the last four rhythms was within the rhythm after a contact. Half: how it is today."
    )
    sql = f"""
        WITH exchange AS (
            SELECT t.enterprise_id AS key, t.happened_at AS at
            FROM scope s JOIN partnerships_touchpoint t ON t.enterprise_id = s.key
            WHERE t.is_two_way AND t.happened_at >= %(until)s - s.cadence * interval '5 days' AND {KNOWN}
            UNION ALL
            SELECT m.enterprise_id, m.written_at
            FROM scope s JOIN partnerships_message m ON m.enterprise_id = s.key
            LEFT JOIN partnerships_message a ON a.id = m.answers_id LEFT JOIN records_link l ON l.id = m.via_id
            WHERE (a.side <> m.side OR l.purpose = ANY(%(reminded)s))
                AND m.written_at >= %(until)s - s.cadence * interval '5 days' AND m.written_at < %(until)s
        ),
        span AS (
            SELECT key, cadence, at, least(at + cadence * interval '1 day', lead(at) OVER each, %(until)s) AS over,
                CASE WHEN since <= %(until)s - cadence * interval '4 days' THEN %(until)s - cadence * interval '4 days'
                    ELSE greatest(since, first_value(at) OVER each) END AS begun
            FROM exchange JOIN scope USING (key)
            WINDOW each AS (PARTITION BY key ORDER BY at)
        ),
        within AS (
            SELECT key, sum(extract(epoch FROM greatest(over - greatest(at, begun), interval '0')))
                / extract(epoch FROM %(until)s - min(begun)) AS share,
                extract(epoch FROM %(until)s - max(at)) / 86400 / min(cadence) AS passed
            FROM span GROUP BY key
        )
        SELECT s.key AS enterprise, coalesce((w.share + greatest(0, least(1, 2 - w.passed))) / 2, CASE WHEN EXISTS (
            SELECT FROM partnerships_touchpoint t WHERE t.enterprise_id = s.key AND t.is_two_way AND {KNOWN}
        ) THEN 0 END) AS value
        FROM scope s LEFT JOIN within w ON w.key = s.key
    """

    def parameters(self):
        return {"reminded": list(REMINDED)}

    def rows(self, enterprise, today):
        since = timezone.now() - timedelta(days=4 * enterprise.cadence)
        found = enterprise.touchpoints.standing().filter(is_two_way=True, happened_at__gte=since)
        rows, late = [], enterprise.cadence
        exchanges = list(found.order_by("-happened_at", "-pk")[:SHOWN])
        days = [timezone.localdate(row.happened_at) for row in exchanges]
        for row, until in zip(exchanges, [today, *days], strict=False):
            passed = (until - timezone.localdate(row.happened_at)).days
            says = ngettext("%(days)d day until the next", "%(days)d days until the next", passed)
            if until == today:
                says = ngettext("%(days)d day ago", "%(days)d days ago", passed)
            rows.append(
                Behind(
                    row.get_kind_display(),
                    row.happened_at,
                    says % {"days": passed},
                    reverse("partnerships:touchpoint_detail", args=[row.pk]),
                    passed < late,
                )  # fmt: skip
            )
        return rows

    def advice(self, enterprise, today):
        last = timezone.localdate(enterprise.last_contact_at)
        due = max(last + timedelta(days=enterprise.cadence), today) if enterprise.had_contact else today
        return Advice(
            _("Talk with each other by %(day)s, and then every %(days)d days.")
            % {"day": date_format(due, "DATE_FORMAT"), "days": enterprise.cadence},
            _("Log a contact"), reverse("partnerships:touchpoint_new", args=[enterprise.pk]),
        )  # fmt: skip


class Dependence(Part):
    """1 where neither side hangs on one person, half for each that does; the rule is rules.dependence.hangs_on.

    None where neither side is named in FEWEST two-way contacts of the last year.
    """

    name = "dependence"
    label = gettext_lazy("carried by several people")
    explanation = gettext_lazy("Whether on both sides more than one person carries the partnership.")
    sql = f"""
        WITH exchange AS (
            SELECT t.id, t.enterprise_id AS key, t.trip_id, t.logged_by_id, t.logged_name, t.proxy_id, u.name AS logger,
                t.logged_by_id IS NULL OR u.role = 'hr' AS is_theirs
            FROM scope s JOIN partnerships_touchpoint t ON t.enterprise_id = s.key
            LEFT JOIN accounts_user u ON u.id = t.logged_by_id
            WHERE t.is_two_way AND t.happened_at >= %(until)s - interval '{DAYS} days' AND {KNOWN}
        ),
        answer AS (
            SELECT -m.id AS id, m.enterprise_id AS key, m.side,
                coalesce(mp.said_by, nullif(m.author_name, ''), mu.name) AS wrote,
                coalesce(ap.said_by, nullif(a.author_name, ''), au.name) AS asked
            FROM scope s JOIN partnerships_message m ON m.enterprise_id = s.key
            JOIN partnerships_message a ON a.id = m.answers_id AND a.side <> m.side
            LEFT JOIN partnerships_proxyentry mp ON mp.id = m.proxy_id LEFT JOIN accounts_user mu ON mu.id = m.author_id
            LEFT JOIN partnerships_proxyentry ap ON ap.id = a.proxy_id LEFT JOIN accounts_user au ON au.id = a.author_id
            WHERE m.written_at >= %(until)s - interval '{DAYS} days' AND m.written_at < %(until)s
        ),
        named AS (
            SELECT key, 'school' AS side, id, logger AS name FROM exchange WHERE NOT is_theirs
            UNION ALL SELECT x.key, 'school', x.id, u.name
                FROM exchange x JOIN partnerships_trip_colleagues c ON c.trip_id = x.trip_id
                JOIN accounts_user u ON u.id = c.user_id
            UNION ALL SELECT key, 'enterprise', id, coalesce(nullif(logged_name, ''), logger) FROM exchange
                WHERE is_theirs
            UNION ALL SELECT x.key, 'enterprise', x.id, p.name
                FROM exchange x JOIN partnerships_touchpoint_contacts c ON c.touchpoint_id = x.id
                JOIN partnerships_contact p ON p.id = c.contact_id
            UNION ALL SELECT x.key, 'enterprise', x.id, p.said_by
                FROM exchange x JOIN partnerships_proxyentry p ON p.id = x.proxy_id
            UNION ALL SELECT key, side, id, wrote FROM answer
            UNION ALL SELECT key, CASE side WHEN 'school' THEN 'enterprise' ELSE 'school' END, id, asked FROM answer
        ),
        sided AS (
            SELECT key, side, count(DISTINCT id) >= {FEWEST} AS is_known,
                count(DISTINCT id) >= {FEWEST} AND min(nullif(name, '')) = max(nullif(name, '')) AS hangs
            FROM named GROUP BY key, side
        ),
        reachable AS (
            SELECT c.enterprise_id AS key, count(*) AS number
            FROM scope s JOIN partnerships_contact c ON c.enterprise_id = s.key
            WHERE (c.left_on IS NULL OR c.left_on > %(day)s) AND (c.phones <> '{{}}' OR c.email <> '')
            GROUP BY c.enterprise_id
        ),
        hanging AS (
            SELECT key, bool_or(is_known) AS is_known, coalesce(bool_or(hangs) FILTER (WHERE side = 'school'), false)
                AS here, coalesce(bool_or(hangs) FILTER (WHERE side = 'enterprise'), false) AS there
            FROM sided GROUP BY key
        )
        SELECT key AS enterprise, 1 - (here::int + (there OR coalesce(number, 0) = 1)::int) / 2.0 AS value
        FROM hanging LEFT JOIN reachable USING (key) WHERE is_known
    """

    def rows(self, enterprise, today):
        rows = [Behind(sentence, is_good=False) for sentence in dependence_of([enterprise]).get(enterprise.pk, ())]
        reachable = Contact.objects.present().filter(~Q(phones=[]) | ~Q(email=""), enterprise=enterprise)
        since = timezone.now() - timedelta(days=DAYS)
        lately = enterprise.touchpoints.standing().filter(is_two_way=True, happened_at__gte=since).order_by()
        kept = lately.filter(logged_by__isnull=False).exclude(logged_by__role=Role.HR).values_list("logged_by__name")
        for name, number in kept.annotate(Count("pk")).order_by("-pk__count", "logged_by__name")[:SHOWN]:
            rows.append(Behind(name, says=_contacts(number)))
        page = reverse("partnerships:enterprise_detail", args=[enterprise.pk]) + "#people"
        people = reachable.annotate(number=Count("touchpoints", filter=Q(touchpoints__in=lately)))
        for contact in people.order_by("-number", "pk")[:SHOWN]:
            rows.append(Behind(contact.name, says=_contacts(contact.number), url=page))
        return rows

    def advice(self, enterprise, today):
        return Advice(
            _("Enter a second contact, or take a colleague along next time."),
            _("Add a contact"), reverse("partnerships:contact_new", args=[enterprise.pk]),
        )  # fmt: skip


def _contacts(number):
    return ngettext("%(number)d contact in a year", "%(number)d contacts in a year", number) % {"number": number}


CONTACT, DEPENDENCE = Rhythm(), Dependence()
