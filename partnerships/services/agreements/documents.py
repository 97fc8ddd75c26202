"""The document of an agreement: its values as they read on paper, the file made from them, and which one counts."""

import io
import logging

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import override

from partnerships.models import Agreement, AgreementDocument, DocumentTemplate
from partnerships.rules.agreements import BLOCKS
from partnerships.rules.documents import LISTS, VARIABLES, amount_in_words, day_on_paper, numeral
from partnerships.services.agreements.signing import digest_of
from partnerships.services.agreements.writing import lock_kept, tell
from partnerships.workflow import AgreementState
from records import links, plainpaper
from records.documents import UnusableTemplate, fill, plain
from records.files import keep_made, open_file
from records.models import Audience
from records.templatetags.show import listed
from records.workflow import Refused

log = logging.getLogger(__name__)

LANGUAGE = "zh-hans"
#: In these states the text is settled enough to be printed.
PRINTED = (AgreementState.REVIEW, AgreementState.SIGNATURE, AgreementState.IN_FORCE)


# --- what it says --------------------------------------------------------------------------------------------------


def values_of(agreement, language):
    """Every variable (rules.documents) as it reads on paper in `language`; what is not agreed is empty."""
    with override(language):
        values = {**_names(agreement, language), **_terms(agreement, language), **_amendment(agreement, language)}
    return {name: plain(values[name]) for name in VARIABLES}


def _names(agreement, language):
    enterprise, is_english = agreement.enterprise, language == "en"
    parties = [_named(row, is_english) for row in agreement.other_parties.order_by("pk")]
    return {
        "title": (is_english and agreement.title_en) or agreement.title,
        "kind": str(agreement.get_kind_display()),
        "number": agreement.number,
        "university": settings.UNIVERSITY[language],
        "enterprise": (is_english and enterprise.name_en) or enterprise.name,
        "uscc": enterprise.uscc,
        "address": enterprise.address,
        "legal_representative": enterprise.legal_representative,
        "parties": listed(parties),
        "parties_list": parties,
        "school_contact": str(agreement.school_contact or ""),
        "enterprise_contact": agreement.enterprise_contact.name if agreement.enterprise_contact else "",
        "copies": _count(agreement.copies),
    }


def _named(enterprise, is_english):
    name = (is_english and enterprise.name_en) or enterprise.name
    return f"{name} ({enterprise.uscc})" if enterprise.uscc else name


def _terms(agreement, language):
    sites = [str(site) for site in agreement.sites.order_by("pk")]
    renewal = ""
    if agreement.auto_renews and agreement.ends_on:
        renewal = _("It then renews itself by %(months)s months each time.") % {"months": agreement.renewal_months}
    texts = ("aim", "specialties", "payment", "school_duties", "enterprise_duties", "other_terms")
    return {name: getattr(agreement, name) for name in texts} | {
        "starts_on": day_on_paper(agreement.starts_on, language),
        "ends_on": day_on_paper(agreement.ends_on, language),
        "renewal": renewal,
        "notice_days": _count(agreement.notice_days),
        "places_per_year": _count(agreement.places_per_year),
        "seminars_per_year": _count(agreement.seminars_per_year),
        "sites": listed(sites),
        "sites_list": sites,
        "amount": "" if agreement.amount is None else f"{agreement.amount:,.2f}",
        "amount_words": amount_in_words(agreement.amount),
    }


def _amendment(agreement, language):
    base, changes = agreement.amends, [str(label) for label in agreement.block_labels]
    return {
        "nth": _count(agreement.nth or None),
        "amended": ((language == "en" and base.title_en) or base.title) if base else "",
        "amended_number": base.number if base else "",
        "valid_from": day_on_paper(agreement.valid_from, language),
        "changes": listed(changes),
        "changes_list": changes,
    }


def _count(number):
    return "" if number is None else str(number)


# --- the plain paper, where no template is in use --------------------------------------------------------------------


def plain_paper(values, language, *, blocks=None):
    """The Paper that every kind of agreement has from the first day. `blocks`: those that an amendment changes."""
    with override(language):
        title = values["title"]
        if blocks is not None:
            title = _("Amendment %(nth)s to “%(amended)s”") % values
        others = values["parties_list"]
        party = _("Third party: %(name)s")
        return plainpaper.Paper(
            title=title,
            number=_("Number: %(number)s") % values if values["number"] else "",
            parties=[
                (_("Party A (school): %(university)s") % values, []),
                (_("Party B (enterprise): %(enterprise)s") % values, _facts(values)),
                *[(party % {"name": name}, []) for name in others],
            ],
            preamble=_preamble(values, blocks),
            articles=[
                (_("Article %(number)s  %(heading)s") % {"number": numeral(n, language), "heading": heading}, text)
                for n, (heading, text) in enumerate(_articles(values, blocks), start=1)
            ],
            signers=[(f"{who}", _sign_lines()) for who in (_("Party A (seal)"), _("Party B (seal)"))]
            + [(_("%(name)s (seal)") % {"name": name}, _sign_lines()) for name in others],
            author=values["university"],
        )


def _facts(values):
    facts = (
        ("uscc", _("Unified social credit code: %(uscc)s")),
        ("address", _("Address: %(address)s")),
        ("legal_representative", _("Legal representative: %(legal_representative)s")),
    )
    return [sentence % values for name, sentence in facts if values[name]]


def _preamble(values, blocks):
    if blocks is None:
        return _("Both sides have discussed this on an equal footing and of their own will, and agree as follows.")
    sentence = _("Both sides amend “%(amended)s”%(which)s as follows. This counts from %(valid_from)s.")
    which = _(" (number %(amended_number)s)") % values if values["amended_number"] else ""
    return sentence % {**values, "which": which}


def _articles(values, blocks):
    """[(heading, text)] of what is agreed, block by block, then how it enters into force."""
    lines = {
        "subject": (
            ("aim", "%(aim)s"),
            ("specialties", _("Specialties: %(specialties)s.")),
        ),
        "term": (
            ("ends_on", _("The agreement counts from %(starts_on)s until %(ends_on)s.")),
            ("renewal", "%(renewal)s"),
            ("notice_days", _("Who does not want to go on says so in writing %(notice_days)s days before its end.")),
        ),
        "places": (
            ("places_per_year", _("The enterprise takes %(places_per_year)s interns a year.")),
            ("sites", _("They work at: %(sites)s.")),
            ("seminars_per_year", _("Both sides meet for at least %(seminars_per_year)s exchanges a year.")),
        ),
        "money": (
            ("amount", _("The amount is %(amount)s yuan (in words: %(amount_words)s).")),
            ("payment", "%(payment)s"),
        ),
        "school": (("school_duties", "%(school_duties)s"),),
        "enterprise": (("enterprise_duties", "%(enterprise_duties)s"),),
        "school_contact": (("school_contact", "%(school_contact)s"),),
        "enterprise_contact": (("enterprise_contact", "%(enterprise_contact)s"),),
        "other": (("other_terms", "%(other_terms)s"),),
    }  # fmt: skip
    if not values["ends_on"]:
        lines["term"] = (("starts_on", _("The agreement counts from %(starts_on)s, without end.")), *lines["term"])
    found = []
    for name, sentences in lines.items():
        said = [sentence % values for key, sentence in sentences if values[key]]
        if said and (blocks is None or name in blocks):
            found.append((capfirst(str(BLOCKS[name][0])), "\n".join(said)))
    return [*found, (_("Entry into force"), _last_words(values, blocks))]


def _last_words(values, blocks):
    said = []
    if blocks is not None:
        said.append(_("Whatever is not named here stays as it was agreed."))
    said.append(_("It enters into force once both sides have signed and sealed it."))
    if values["copies"]:
        said.append(_("There are %(copies)s copies of equal force, shared by both sides in equal numbers.") % values)
    return "\n".join(said)


def _sign_lines():
    return [_("Authorised representative (signature):"), _("Date:            year      month      day")]


def starter(language):
    """The plain paper as a template to begin with: its placeholders where the values would stand. The .docx."""
    values = {name: [] if variable.is_list else f"{{{{ {name} }}}}" for name, variable in VARIABLES.items()}
    return plainpaper.write(plain_paper(values, language))[0]


# --- the file ------------------------------------------------------------------------------------------------------


def template_for(agreement, language):
    """The DocumentTemplate in use for this kind and language, else the one for every kind; None: the plain paper."""
    rows = DocumentTemplate.objects.filter(
        is_active=True, language=language, is_for_amendments=agreement.is_amendment, kind__in=[agreement.kind, ""]
    )
    return rows.order_by("-kind").first()


def made_from(template, agreement, values, language, code=""):
    """(the .docx as bytes, sheets). Raises records.documents.UnusableTemplate."""
    if template is None:
        blocks = agreement.blocks if agreement.is_amendment else None
        return plainpaper.write(plain_paper(values, language, blocks=blocks), code)
    with open_file(template.file) as file:
        return fill(file.read(), values, lists=LISTS, code=code)


def current(agreement, language=None):
    """The newest document, where it still shows the text as it stands; else None. In `language` where one is given."""
    rows = agreement.documents.select_related("file").order_by("-nth")
    document = (rows.filter(language=language) if language else rows).first()
    return document if document is not None and document.digest == digest_of(agreement) else None


def freeze(agreement, *, by, language=LANGUAGE, now=None):
    """Make the document of the text as it stands and keep it, and return it; the one that already shows it is kept.

    Its words and values are frozen as they read now; each sheet carries its code. Writes "agreement.document_made",
    which both sides read. Raises NotAllowed, Refused for a draft, and where it has ended, UnusableTemplate.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked = lock_kept(agreement, by)
        if locked.state not in PRINTED:
            raise Refused(_("It is printed once both sides read it, and no longer when it has ended."))
        template, values = template_for(locked, language), values_of(locked, language)
        said = [[name, _label(name, language), value] for name, value in values.items() if value]
        kept = current(locked, language)
        if kept is not None and kept.template == template and kept.values == said:
            return kept
        return _keep(locked, template, values, said, by=by, language=language, now=now)


def _label(name, language):
    with override(language):
        return str(VARIABLES[name].label)


def _keep(locked, template, values, said, *, by, language, now):
    code, nth = links.new_code(12), locked.documents.count() + 1
    content, leaves = made_from(template, locked, values, language, code)
    name = f"{values['title'][:60]}-{nth}.docx"
    file = keep_made(io.BytesIO(content), name=name, by=by, subject=locked, now=now)
    document = AgreementDocument.objects.create(
        agreement=locked, nth=nth, language=language, code=code, template=template, file=file, sha256=file.sha256,
        digest=digest_of(locked), leaves=leaves, values=said, made_by=by, made_at=now,
    )  # fmt: skip
    file.subject = document  # handed out through the door of the document
    file.save(update_fields=["subject_type", "subject_id"])
    audience = Audience.SCHOOL if locked.state == AgreementState.DRAFT else Audience.BOTH
    tell("agreement.document_made", locked, by, now, audience=audience, version=nth)
    return document


def prepare(agreement, *, by, now=None):
    """Freeze what goes out for signature. A template that cannot be filled stops nothing: the page says so later."""
    try:
        return freeze(Agreement.objects.get(pk=agreement.pk), by=by, now=now)
    except UnusableTemplate as error:
        log.warning("agreement %s: its template cannot be filled (%s)", agreement.pk, error.code)
        return None
