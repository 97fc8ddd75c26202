"""How what happened to promises, to the end of an agreement and to the results of a year reads in the timeline."""

from collections import defaultdict

from django.utils.translation import gettext_lazy

from partnerships.rules.years import year_label
from partnerships.timeline import about, changed, label_of, on_day, words
from records.templatetags.show import listed


def of_year(sentence):
    """A sentence that names the year, and the figures it is about."""

    def say(event):
        data = defaultdict(str, event.data)
        data["when"] = year_label(data["year_kind"], data["year"]) if data["year"] else ""
        data["fields"] = listed(str(label_of(event, name)) for name in event.data.get("changes", {}))
        return str(sentence) % data

    return say


SENTENCES = {
    "clause.added": words(gettext_lazy("Clause added: %(text)s")),
    "clause.changed": changed(gettext_lazy("Clause “%(text)s” changed:")),
    "obligation.added": on_day(gettext_lazy("Promised: %(text)s, until %(when)s")),
    "obligation.changed": changed(gettext_lazy("What was promised was changed: %(text)s.")),
    "obligation.keep": words(gettext_lazy("Kept: %(text)s. %(how)s")),
    "obligation.waive": words(gettext_lazy("No longer needed, as both agreed: %(text)s. %(how)s")),
    "obligation.breach": words(gettext_lazy("Not kept: %(text)s. %(how)s")),
    "obligation.reopen": words(gettext_lazy("Open again: %(text)s. %(how)s")),
    "obligation.set_aside": words(gettext_lazy("No longer due under this agreement: %(text)s.")),
    "obligation.take_up": words(gettext_lazy("Due again under this agreement: %(text)s.")),
    "agreement.let_end": about(gettext_lazy("Decided that %(what)s ends on %(when)s.")),
    "agreement.keep_open": about(gettext_lazy("What follows on %(what)s is open again.")),
    "result.entered": of_year(gettext_lazy("Results of the %(when)s: %(fields)s")),
}
