"""The written on-site assessment (实地考察) of an enterprise."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from partnerships.models import Assessment, AssessmentFinding
from partnerships.models.assessment import Content
from partnerships.services.enterprises import lock_for_change
from records.services import record
from records.templatetags.show import listed
from records.workflow import Refused


def write_assessment(
    enterprise, *, by, visited_on, assessors, findings, conclusion, is_suitable, site=None, form_key=None, now=None
):
    """Keep one assessment with its findings and return it; the same `form_key` twice returns the first.

    `findings` maps each of the nine contents of 教职成〔2021〕4号 Art. 7 to (text, is it a concern). Once written it is
    not changed: another visit is another assessment. Writes "assessment.written". Raises NotAllowed, Refused for a
    site of another enterprise, ValidationError where a content is missing or the day lies ahead.
    """
    now = now or timezone.now()
    missing = [content.label for content in Content if not findings.get(content, ("", False))[0].strip()]
    if missing:
        raise ValidationError(_("Still without a finding: %(contents)s.") % {"contents": listed(missing)})
    if visited_on > timezone.localdate(now):
        raise ValidationError({"visited_on": _("Write the assessment after the visit.")})
    with transaction.atomic():
        locked = lock_for_change(enterprise, by)  # a second submit waits here, then finds the first
        if form_key and (first := Assessment.objects.filter(form_key=form_key).first()):
            return first
        if site and site.enterprise_id != locked.pk:
            raise Refused(_("This site belongs to another enterprise."))
        assessment = Assessment(
            enterprise=locked, site=site, visited_on=visited_on, assessors=assessors.strip(),
            conclusion=conclusion.strip(), is_suitable=is_suitable, written_by=by, written_at=now,
        )  # fmt: skip
        if form_key:
            assessment.form_key = form_key
        assessment.full_clean()
        assessment.save()
        AssessmentFinding.objects.bulk_create(
            AssessmentFinding(assessment=assessment, content=content, text=text.strip(), is_concern=is_concern)
            for content, (text, is_concern) in ((content, findings[content]) for content in Content)
        )
        data = {"is_suitable": is_suitable}
        record("assessment.written", subject=assessment, stream=locked.pk, by=by, data=data, happened_at=now)
    return assessment
