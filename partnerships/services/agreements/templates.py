"""Templates of documents: uploaded by leads, tried before they are kept; every version stays."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from partnerships.models import DocumentTemplate
from partnerships.rules.documents import LISTS, VARIABLES
from partnerships.services.touchpoints import once
from partnerships.workflow import is_lead
from records.documents import UnusableTemplate, fill
from records.files import DOCUMENTS, store_file
from records.services import record
from records.workflow import NotAllowed

WORD = (DOCUMENTS[1],)
EXAMPLES = {name: variable.example for name, variable in VARIABLES.items()}


def upload_template(upload, *, by, name, kind, language, form_key, is_for_amendments=False, now=None):
    """Keep `upload` (.docx) as the template in use for its kind and language and return its row; the former one stays.

    It is filled with examples first. The same `form_key` twice returns the first. Writes "template.uploaded". Raises
    NotAllowed for whoever is no lead, Rejected for what is no plain Word file, ValidationError under `file` with the
    reason why it cannot be filled.
    """
    now = now or timezone.now()
    if reason := is_lead(None, by):
        raise NotAllowed(reason)
    which = {"kind": kind, "language": language, "is_for_amendments": is_for_amendments}

    def keep():
        same = DocumentTemplate.objects.select_for_update(of=("self",), no_key=True).filter(**which)
        nth = (same.aggregate(last=Max("nth"))["last"] or 0) + 1 if list(same) else 1
        same.filter(is_active=True).update(is_active=False)
        template = DocumentTemplate(form_key=form_key, nth=nth, name=name, uploaded_by=by, uploaded_at=now, **which)
        template.full_clean(exclude=["form_key", "uploaded_by"])
        template.save(force_insert=True)
        store_file(upload, kinds=WORD, by=by, subject=template, now=now)
        record("template.uploaded", subject=template, by=by, data={"name": name, "nth": nth}, happened_at=now)
        return template

    if upload.size:
        try_out(upload)
    return once(DocumentTemplate.objects.filter(uploaded_by=by), form_key, keep)


def try_out(upload):
    """Fill it with examples. Raises ValidationError under `file` with the reason why it cannot be filled."""
    upload.seek(0)
    try:
        fill(upload.read(), EXAMPLES, lists=LISTS, code="1" * 12)
    except UnusableTemplate as error:
        raise ValidationError({"file": error.sentence}) from error


def use_template(template, *, by, is_active, now=None):
    """Put a version into use instead of the one that is, or none of its kind: then the plain paper. Return it.

    Writes "template.used" or "template.laid_aside". Raises NotAllowed for whoever is no lead.
    """
    if reason := is_lead(None, by):
        raise NotAllowed(reason)
    with transaction.atomic():
        rows = DocumentTemplate.objects.select_for_update(of=("self",), no_key=True)
        template = rows.get(pk=template.pk)
        if template.is_active == is_active:
            return template
        which = {name: getattr(template, name) for name in ("kind", "language", "is_for_amendments")}
        rows.filter(**which, is_active=True).update(is_active=False)
        template.is_active = is_active
        template.save(update_fields=["is_active"])
        kind = "template.used" if is_active else "template.laid_aside"
        data = {"name": template.name, "nth": template.nth}
        record(kind, subject=template, by=by, data=data, happened_at=now or timezone.now())
    return template
