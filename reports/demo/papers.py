"""The paper's way of agreements: one at each step, three that have not come back for a long time, a template of ours."""

from itertools import cycle
from uuid import UUID

from django.core.files.uploadedfile import SimpleUploadedFile

from partnerships.models import Agreement, Enterprise, PaperStep
from partnerships.services.agreements import documents, papers, scans, templates
from reminders.models import Task
from reports.demo.agreements import agreed, drafted
from reports.demo.pictures import scanned

#: kind, days since it was approved, steps ticked: (step, days ago, reference).
WAYS = (
    ("framework", 6, (("drafted", 12, ""), ("faculty", 6, ""))),
    ("training_base", 9, (("office", 8, ""), ("legal", 5, ""), ("leader", 3, ""), ("seal", 1, "用印2026-{n:03}"))),
    ("research", 16, (("seal", 14, "用印2026-{n:03}"), ("copies", 13, "4"), ("sent", 12, "SF140{n:03}7781"))),
    ("framework", 62, (("seal", 60, "用印2026-{n:03}"), ("sent", 58, "SF140{n:03}2265"))),
    ("training_base", 80, (("seal", 79, "用印2026-{n:03}"), ("copies", 78, "4"), ("sent", 77, "SF139{n:03}9310"))),
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
    awaited = Task.objects.open().filter(rule="gap").values("stream")  # what is told of these days would end their gap
    lively = firms.exclude(contacts=None).exclude(pk__in=awaited).order_by("-last_contact_at", "pk").distinct()
    for n, (firm, (kind, days, steps)) in enumerate(zip(cycle(lively[:4]), WAYS, strict=False), start=21):
        agreement = drafted(stage, firm, lin, kind, begins=10 - days, ends=1090 - days)
        agreed(stage, agreement, lin, days)
        for step, ago, reference in steps:
            day = stage.working_day(ago)
            papers.tick(agreement, step, by=lin, on=day, reference=reference.format(n=n), now=stage.at(ago, 16, 20))
    _scan_stacks(stage, lin)


def _scan_stacks(stage, lin):
    """One stack that is filed, and one to check: a page of it cannot be read, and the last sheet is an empty back."""
    sent = [row.agreement for row in PaperStep.objects.away().order_by("-on").select_related("agreement")]
    back, waiting, third = ([*row.documents.all()][0] for row in sent[:3])
    for name, ago, papers_in, hides, key in (
        ("盖章协议扫描1.pdf", 2, [back], (), 42), ("盖章协议扫描2.pdf", 0, [waiting, third], (2,), 43),
    ):  # fmt: skip
        stack = scanned(papers_in, hides, is_careless=bool(hides))
        upload = SimpleUploadedFile(name, stack, "application/pdf")
        moment = stage.at(ago, 9, 40)
        scan = scans.upload_scan(by=lin, upload=upload, form_key=UUID(int=key), now=moment)
        scan = scans.read_scan(scan, now=moment)
        if not hides:
            scans.start_applying(scan, by=lin, now=moment)
            scans.finish_applying(scan, now=moment)
