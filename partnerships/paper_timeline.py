"""How events about the paper of agreements read."""

from django.utils.translation import gettext_lazy

from partnerships.rules.papers import Step
from partnerships.timeline import TwoSided, about, words


def on_paper(sentence):
    """A sentence about a step of an agreement's paper: which step, on which day, under which number."""

    def say(event):
        step, reference = event.data.get("step"), event.data.get("reference")
        event.data["step"] = Step(step).label if step in Step.values else ""
        event.data["ref"] = f" · {reference}" if reference else ""
        return about(sentence)(event)

    return say


SENTENCES = {
    "agreement.document_made": about(gettext_lazy("Version %(version)s of %(what)s was made to be printed.")),
    "agreement.paper_ticked": on_paper(gettext_lazy("Paper of %(what)s: %(step)s on %(when)s%(ref)s.")),
    "agreement.paper_sent": TwoSided(
        on_paper(gettext_lazy("The paper of %(what)s was sent on %(when)s%(ref)s.")),
        on_paper(gettext_lazy("The paper of %(what)s was sent to you on %(when)s%(ref)s.")),
    ),
    "agreement.paper_returned": TwoSided(
        on_paper(gettext_lazy("The paper of %(what)s came back on %(when)s.")),
        on_paper(gettext_lazy("The paper of %(what)s came back to us on %(when)s.")),
    ),
    "agreement.paper_undone": on_paper(gettext_lazy("Paper of %(what)s, taken back: %(step)s on %(when)s.")),
    "agreement.paper_mended": on_paper(gettext_lazy("Corrected for the paper of %(what)s: not yet “%(step)s”.")),
    "agreement.scan_filed": TwoSided(
        about(gettext_lazy("The stamped paper of %(what)s is filed, version %(version)s.")),
        about(gettext_lazy("The stamped paper of %(what)s is filed.")),
    ),
    "scan.uploaded": words(gettext_lazy("Stack uploaded: %(name)s")),
    "template.uploaded": words(gettext_lazy("Template uploaded: %(name)s, version %(nth)s")),
    "template.used": words(gettext_lazy("Template in use: %(name)s, version %(nth)s")),
    "template.laid_aside": words(gettext_lazy("Template laid aside: %(name)s, version %(nth)s")),
}
