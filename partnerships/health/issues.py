"""The part about what is open between both sides."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partnerships.health.contact import SHOWN
from partnerships.health.part import Advice, Behind, Part
from partnerships.models import Enterprise
from partnerships.services.thread import waiting_for
from records.models import Side

#: A letter of the enterprise waits too long after this many days.
WAITS = 7
#: So many open issues leave nothing of the part.
MOST = 3


class Issues(Part):
    """1 where nothing is open, a third less for each: a letter we left unanswered for a week, something decided that
    the enterprise did not do by its day, a warning from the registry. None where none of these could be."""

    name = "issues"
    label = gettext_lazy("open issues")
    explanation = gettext_lazy("Letters we left unanswered, overdue decisions, warnings from the registry.")
    sql = f"""
        WITH letters AS (
            SELECT m.enterprise_id AS key, count(*) FILTER (
                WHERE m.side = 'enterprise' AND m.written_at < %(until)s - interval '{WAITS} days' AND NOT EXISTS (
                    SELECT FROM partnerships_message a JOIN partnerships_message q ON q.id = a.answers_id
                    WHERE a.enterprise_id = m.enterprise_id AND a.side = 'school' AND q.written_at >= m.written_at
                        AND a.written_at < %(until)s)) AS number
            FROM scope s JOIN partnerships_message m ON m.enterprise_id = s.key
            WHERE m.written_at < %(until)s GROUP BY m.enterprise_id
        ),
        items AS (
            SELECT i.enterprise_id AS key, count(*) FILTER (
                WHERE i.due_on < %(day)s AND (i.done_at IS NULL OR i.done_at >= %(until)s)) AS number
            FROM scope s JOIN partnerships_actionitem i ON i.enterprise_id = s.key
            JOIN partnerships_seminar m ON m.id = i.seminar_id
            WHERE m.starts_at < %(until)s GROUP BY i.enterprise_id
        ),
        flags AS (
            SELECT e.id AS key, (e.registry IN ('abnormal', 'cancelled'))::int AS number
            FROM scope s JOIN partnerships_enterprise e ON e.id = s.key
            WHERE e.registry <> '' AND e.registry_on <= %(day)s
        )
        SELECT key AS enterprise, greatest(0, 1 - sum(number) / {MOST}.0) AS value
        FROM (SELECT * FROM letters UNION ALL SELECT * FROM items UNION ALL SELECT * FROM flags) issue GROUP BY key
    """

    def rows(self, enterprise, today):
        before = timezone.now() - timedelta(days=WAITS)
        page = reverse("partnerships:thread", args=[enterprise.pk])
        letters = waiting_for(Side.SCHOOL, enterprise).filter(written_at__lt=before).order_by("written_at")
        rows = [Behind(row.body[:60], row.written_at, _("not answered"), page, False) for row in letters[:SHOWN]]
        items = enterprise.seminar_items.filter(done_at=None, due_on__lt=today).order_by("due_on", "pk")
        for item in items[:SHOWN]:
            held = reverse("partnerships:seminar_detail", args=[item.seminar_id])
            rows.append(Behind(item.text, item.due_on, _("late"), held, False))
        if enterprise.registry in (Enterprise.Registry.ABNORMAL, Enterprise.Registry.CANCELLED):
            rows.append(Behind(enterprise.get_registry_display(), enterprise.registry_on, is_good=False))
        return rows

    def advice(self, enterprise, today):
        if not self.rows(enterprise, today):
            return None
        return Advice(
            _("Answer what waits, and settle what is overdue."),
            _("Messages"), reverse("partnerships:thread", args=[enterprise.pk]),
        )  # fmt: skip


ISSUES = Issues()
