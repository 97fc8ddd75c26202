"""The part about being heard: what was asked of the enterprise, and what the enterprise looked for at the school."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partnerships.health.contact import SHOWN
from partnerships.health.part import Advice, Behind, Part
from partnerships.health.promises import DAYS, LATE
from partnerships.models import Match
from partnerships.workflow import AskState, NeedState

#: After so many days a need of the enterprise should have met something of the school.
PATIENCE = 30


class Answers(Part):
    """Of two years: an ask answered in time counts 1, also where they declined; answered late half; not at all nothing.
    A need of the enterprise counts 1 where a suggestion was accepted, nothing after PATIENCE days without. What was
    withdrawn does not count. None where nothing was asked and nothing looked for."""

    name = "answers"
    label = gettext_lazy("asks and needs answered")
    explanation = gettext_lazy("Whether the enterprise answered what we asked, and its needs met something of ours.")
    sql = f"""
        WITH asked AS (
            SELECT k.enterprise_id AS key, CASE
                WHEN k.answered_at < %(until)s
                    THEN CASE WHEN (k.answered_at AT TIME ZONE %(zone)s)::date > k.due_on THEN {LATE} ELSE 1 END
                WHEN k.due_on < %(day)s THEN 0 END AS value
            FROM scope s JOIN partnerships_ask k ON k.enterprise_id = s.key
            WHERE k.asked_at < %(until)s AND k.asked_at >= %(until)s - interval '{DAYS} days' AND k.state <> 'withdrawn'
        ),
        looked_for AS (
            SELECT n.enterprise_id AS key, CASE
                WHEN EXISTS (
                    SELECT FROM partnerships_match m
                    WHERE m.need_id = n.id AND m.verdict = 'accepted' AND m.decided_at < %(until)s
                ) THEN 1
                WHEN n.posted_at < %(until)s - interval '{PATIENCE} days' THEN 0 END AS value
            FROM scope s JOIN partnerships_need n ON n.enterprise_id = s.key
            WHERE n.posted_at < %(until)s AND n.posted_at >= %(until)s - interval '{DAYS} days'
                AND n.state <> 'withdrawn'
        )
        SELECT key AS enterprise, avg(value) AS value
        FROM (SELECT * FROM asked UNION ALL SELECT * FROM looked_for) answer GROUP BY key
    """

    def parameters(self):
        return {"zone": settings.TIME_ZONE}

    def rows(self, enterprise, today):
        since = timezone.now() - timedelta(days=DAYS)
        asks = enterprise.asks.filter(asked_at__gte=since).exclude(state=AskState.WITHDRAWN)
        asks = asks.filter(Q(answered_at__isnull=False) | Q(due_on__lt=today)).order_by("-asked_at", "-pk")[:SHOWN]
        rows = [_ask(row) for row in asks]
        met = Exists(Match.objects.filter(need=OuterRef("pk"), verdict=Match.Verdict.ACCEPTED))
        needs = enterprise.needs.filter(posted_at__gte=since).exclude(state=NeedState.WITHDRAWN).annotate(met=met)
        waits = timezone.now() - timedelta(days=PATIENCE)
        for row in needs.filter(Q(met=True) | Q(posted_at__lt=waits)).order_by("-posted_at", "-pk")[:SHOWN]:
            says = _("met something of ours") if row.met else _("met nothing yet")
            page = reverse("partnerships:need_detail", args=[row.pk])
            rows.append(Behind(row.title, row.posted_at, says, page, bool(row.met)))
        return rows

    def advice(self, enterprise, today):
        rows = self.rows(enterprise, today)
        if not rows:
            return Advice(
                _("Ask what they look for at the school, and write it down."),
                _("New need"), reverse("partnerships:need_new", args=[enterprise.pk]),
            )  # fmt: skip
        page = next((row.url for row in rows if not row.is_good), rows[0].url)
        return Advice(_("Follow up what got no answer."), _("Open"), page)


def _ask(row):
    page = reverse("partnerships:ask_detail", args=[row.pk])
    if row.answered_at is None:
        return Behind(row.text, row.asked_at, _("no answer"), page, False)
    is_late = timezone.localdate(row.answered_at) > row.due_on
    return Behind(row.text, row.asked_at, _("answered late") if is_late else _("answered"), page, not is_late)


ANSWERS = Answers()
