"""How what happened to needs, offers and asks reads in the timeline."""

from collections import defaultdict

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partnerships.models import Ask
from partnerships.timeline import TwoSided, changed, on_day, words


def noted(sentence):
    """A sentence about a request with what was said to it, if anything was."""

    def say(event):
        data = defaultdict(str, event.data)
        return f"{str(sentence) % data} {data['note']}".strip()

    return say


def budget(event):
    return _("Limit of asks changed: at most %(most)s in %(days)s days.") % defaultdict(str, event.data)


def asked(event):
    data = defaultdict(str, event.data)
    data["kind"] = dict(Ask.Kind.choices).get(data["kind"], "")
    return _("We ask: %(text)s (%(kind)s)") % data


SENTENCES = {
    "need.posted": words(gettext_lazy("Looks for: %(name)s")),
    "need.changed": changed(gettext_lazy("“%(name)s” was changed:")),
    "need.match": TwoSided(
        words(gettext_lazy("For “%(name)s” we have: %(offer)s")),
        words(gettext_lazy("For “%(name)s” the school has: %(offer)s")),
    ),
    "need.meet": words(gettext_lazy("“%(name)s” is met.")),
    "need.reopen": words(gettext_lazy("“%(name)s” is open again.")),
    "need.withdraw": words(gettext_lazy("“%(name)s” was withdrawn.")),
    "need.lapse": words(gettext_lazy("“%(name)s” is over: its last day has passed.")),
    "match.accepted": words(gettext_lazy("Suggestion accepted for “%(name)s”: %(other)s. %(reason)s")),
    "match.declined": words(gettext_lazy("Suggestion declined for “%(name)s”: %(other)s. %(reason)s")),
    "match.reconsidered": words(gettext_lazy("Decision taken back for “%(name)s”: %(other)s.")),
    "offer.made": words(gettext_lazy("Offered: %(name)s")),
    "offer.changed": changed(gettext_lazy("Offer “%(name)s” changed:")),
    "offer.withdrawn": words(gettext_lazy("No longer offered: %(name)s")),
    "offer.returned": words(gettext_lazy("Offered again: %(name)s")),
    "ask.asked": TwoSided(asked, on_day(gettext_lazy("The school asks: %(text)s, answer by %(when)s"))),
    "ask.over_budget": words(gettext_lazy("Asked in spite of the limit: %(reason)s")),
    "ask.accept": noted(gettext_lazy("Yes to “%(text)s”.")),
    "ask.answer": noted(gettext_lazy("Answered “%(text)s”.")),
    "ask.decline": noted(gettext_lazy("Not this time: “%(text)s”.")),
    "ask.finish": noted(gettext_lazy("Done: “%(text)s”.")),
    "ask.withdraw": TwoSided(
        noted(gettext_lazy("Request withdrawn: “%(text)s”.")), noted(gettext_lazy("No longer needed: “%(text)s”."))
    ),
    "ask.expire": TwoSided(
        words(gettext_lazy("Nobody answered in time: “%(text)s”.")), words(gettext_lazy("Over: “%(text)s”."))
    ),
    "ask.budget_changed": budget,
}
