"""The paper's way of agreements: one at each step, three that have not come back for a long time, a template of ours."""

from uuid import UUID

from django.core.files.uploadedfile import SimpleUploadedFile

from partnerships.models import Agreement, Enterprise
from partnerships.services.agreements import documents, papers, templates
from reports.demo.agreements import agreed, drafted

#: kind, days since it was approved, steps ticked: (step, days ago, reference).
WAYS = (
    ("framework", 6, (("drafted", 12, ""), ("faculty", 6, ""))),
    ("training_base", 9, (("office", 8, ""), ("legal", 5, ""), ("leader", 3, ""), ("seal", 1, "用印2026-{n:03}"))),
    ("research", 16, (("seal", 14, "用印2026-{n:03}"), ("copies", 13, "4"), ("sent", 12, "SF140{n:03}7781"))),
    ("framework", 62, (("seal", 60, "用印2026-{n:03}"), ("sent", 58, "SF140{n:03}2265"))),
    ("training_base", 80, (("seal", 79, "用印2026-{n:03}"), ("copies", 78, "4"), ("sent", 77, "EMS99{n:03}310"))),
    ("teacher_station", 55, (("sent", 50, "SF140{n:03}9042"),)),  # the other side stamps first
    ("internship_base", 40, (("sent", 38, "SF140{n:03}1153"), ("returned", 9, ""))),
    ("research", 45, (("seal", 43, "用印2026-{n:03}"), ("sent", 40, "SF140{n:03}4410"), ("returned", 20, ""))),
)


def send_papers(stage):
    """A template in use, then one agreement out for signature at each point of the way."""
    lead, lin = stage.staff["lead"], stage.staff["lin"]
    upload = SimpleUploadedFile("技术服务合作协议模板.docx", documents.starter("zh-hans"))
    templates.upload_template(
        upload, by=lead, name="技术服务合作协议（法务审定）", kind="research", language="zh-hans",
        form_key=UUID(int=41), now=stage.at(200, 9),
    )  # fmt: skip
    taken = Agreement.objects.values("enterprise")
    firms = Enterprise.objects.in_portfolio_of(lin).exclude(pk__in=taken).filter(contacts__left_on=None)
    lively = firms.exclude(contacts=None).order_by("-last_contact_at", "pk").distinct()
    firms = list(lively[: len(WAYS)])  # so that what is told of these days is not the last contact
    for n, (firm, (kind, days, steps)) in enumerate(zip(firms, WAYS, strict=False), start=21):
        agreement = drafted(stage, firm, lin, kind, begins=10 - days, ends=1090 - days)
        agreed(stage, agreement, lin, days)
        for step, ago, reference in steps:
            day = stage.working_day(ago)
            papers.tick(agreement, step, by=lin, on=day, reference=reference.format(n=n), now=stage.at(ago, 16, 20))
