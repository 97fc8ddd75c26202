"""A scanned stack: read in a process of its own, split by the codes, checked, filed once; hostile PDFs."""

import io
import sys
from datetime import timedelta
from threading import Barrier, Thread
from uuid import uuid4

import pypdfium2
import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone, translation

from partnerships import tasks
from partnerships.models import AgreementScan, PaperStep, Scan, ScanPage
from partnerships.scans import piles_of
from partnerships.services.agreements import documents, scans, signing
from records import scans as reader
from records.files import Rejected, open_file
from records.models import Event, Side, Signature
from records.scans import UnreadableScan, sheets_of, split
from records.signatures import Signatory
from records.workflow import NotAllowed, Refused
from tests.partnerships.factories import AgreementFactory
from tests.partnerships.stacks import back, page, pdf

TODAY = timezone.localdate()


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def upload(content, name="扫描.pdf"):
    return SimpleUploadedFile(name, content, "application/pdf")


def address(name, *arguments):
    return reverse(f"partnerships:{name}", args=arguments)


@pytest.fixture
def made(cast):
    """Agreements of `cast.a` that are out for signature, each with its document."""

    def make(count, **values):
        found = []
        for n in range(count):
            values = {"enterprise": cast.a, "owner": cast.officer, "state": "signature", "title": f"协议{n}"} | values
            row = AgreementFactory(**values, kind="framework", enterprise_duties="选派工程师。" * 200)
            found.append(documents.freeze(row, by=row.owner))
        return found

    return make


def taken_in(cast, pages, by=None):
    scan = scans.upload_scan(by=by or cast.officer, upload=upload(pdf(pages)), form_key=uuid4())
    return scans.read_scan(scan)


def sheets(document, **options):
    return [page(document.code, leaf, document.leaves, **options) for leaf in range(1, document.leaves + 1)]


def applied(scan, by):
    scans.start_applying(scan, by=by)
    return scans.finish_applying(scan)


# --- reading -------------------------------------------------------------------------------------------------------


def test_thirty_pages_split_into_the_right_agreements(cast, made):
    """Ten papers of three sheets, turned every way, shuffled, two pages that cannot be read."""
    papers = made(10)
    assert {paper.leaves for paper in papers} == {3}
    pages, where, unreadable = [], {}, []
    for n, paper in enumerate(papers):
        for leaf in (3, 1, 2):
            is_blotted = (n, leaf) in ((3, 2), (7, 1))
            pages.append(page(paper.code, leaf, 3, turn=(n + leaf) % 4 * 90, is_blotted=is_blotted))
            if is_blotted:
                unreadable.append(len(pages))
            else:
                where.setdefault(paper.agreement_id, []).append((leaf, len(pages)))
    scan = taken_in(cast, pages)
    assert (scan.state, scan.pages) == ("preview", 30)
    piles = {pile.agreement.pk: pile for pile in piles_of(scan, cast.officer)}
    assert {pk: [page.position for page in pile.pages] for pk, pile in piles.items()} == {
        pk: [position for _leaf, position in sorted(found)] for pk, found in where.items()
    }
    assert piles[papers[3].agreement_id].missing == [2]
    assert piles[papers[7].agreement_id].missing == [1]
    assert sum(pile.is_clean for pile in piles.values()) == 8
    loose = scan.sheets.filter(fate="open")
    assert [row.position for row in loose] == unreadable
    assert all(row.picture.is_picture for row in loose)
    assert not AgreementScan.objects.exists()
    assert not PaperStep.objects.exists()

    with pytest.raises(Refused, match="neither assigned nor left out"):
        scans.start_applying(scan, by=cast.officer)
    scans.place_page(loose[0], by=cast.officer, document=papers[3], leaf=2)
    scans.place_page(scan.sheets.get(position=unreadable[1]), by=cast.officer)
    scan = applied(scan, cast.officer)
    assert scan.state == "applied"
    filed = {row.agreement_id: row for row in AgreementScan.objects.select_related("file")}
    assert len(filed) == 10
    assert filed[papers[3].agreement_id].missing == []
    assert filed[papers[7].agreement_id].missing == [1]
    with open_file(filed[papers[3].agreement_id].file) as file:
        content = file.read()
    assert [(sheet.mark and sheet.mark[1], sheet.turn) for sheet in sheets_of(content)] == [(1, 0), (None, 0), (3, 0)]
    assert filed[papers[0].agreement_id].sha256 == filed[papers[0].agreement_id].file.sha256
    assert PaperStep.objects.filter(step="returned").count() == 10
    assert Event.objects.filter(kind="agreement.scan_filed", audience="both").count() == 10


def test_pages_are_turned_upright(cast, made):
    [paper] = made(1)
    for turn in (0, 90, 180, 270):
        [part] = split(pdf([page(paper.code, 1, 3, turn=turn)]), [[(0, turn)]])
        [sheet] = sheets_of(part)
        assert (sheet.mark, sheet.turn) == ((paper.code, 1, 3), 0)


def test_twice_older_and_foreign_pages(cast, made):
    [first] = made(1)
    agreement = first.agreement
    agreement.aim = "更正"
    agreement.save()
    second = documents.freeze(agreement, by=cast.officer)
    stack = [page(first.code, 1, first.leaves), *sheets(second)[:1], *sheets(second), page("a" * 12, 1, 2)]
    scan = taken_in(cast, stack)
    [pile] = piles_of(scan, cast.officer)
    assert (pile.document, pile.twice, pile.missing, list(pile.further)) == (second, [], [], [1])
    assert [row.position for row in pile.older] == [1]
    assert pile.is_of_this_text
    assert scan.sheets.get(position=len(stack)).fate == "open"


def test_a_paper_of_a_text_that_has_changed_since(cast, made):
    [paper] = made(1)
    paper.agreement.aim = "后来改了"
    paper.agreement.save()
    [pile] = piles_of(taken_in(cast, sheets(paper)), cast.officer)
    assert not pile.is_of_this_text


def test_what_somebody_else_looks_after_is_not_filed(cast, made):
    [own], [foreign] = made(1), made(1, enterprise=cast.b, owner=cast.lead)
    scan = applied(taken_in(cast, [*sheets(own), *sheets(foreign)]), cast.officer)
    assert [row.agreement_id for row in scan.filed.all()] == [own.agreement_id]
    [remark] = scan.remarks
    assert remark["agreement"] == foreign.agreement_id
    assert not foreign.agreement.paper_steps.exists()


def test_filing_twice_changes_nothing(cast, made):
    [paper] = made(1)
    scan = applied(taken_in(cast, sheets(paper)), cast.officer)
    scans.finish_applying(scan)
    with pytest.raises(Refused):
        scans.start_applying(scan, by=cast.officer)
    assert AgreementScan.objects.count() == PaperStep.objects.count() == 1
    with pytest.raises(Refused):
        scans.place_page(scan.sheets.first(), by=cast.officer)


@pytest.mark.django_db(transaction=True)
def test_two_who_file_at_once_file_once(cast, made):
    [paper] = made(1)
    scan = taken_in(cast, sheets(paper))
    scans.start_applying(scan, by=cast.officer)
    start, states = Barrier(2), []

    def finish():
        start.wait()
        try:
            states.append(scans.finish_applying(Scan.objects.get(pk=scan.pk)).state)
        finally:
            connections.close_all()

    threads = [Thread(target=finish) for _n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert states == ["applied", "applied"]
    assert AgreementScan.objects.count() == 1


def test_a_page_by_hand_is_checked(cast, made):
    [paper] = made(1)
    scan = taken_in(cast, [page(paper.code, 1, 3, is_blotted=True)])
    row = scan.sheets.get()
    for leaf in (None, -1, 4):
        with pytest.raises(ValidationError):
            scans.place_page(row, by=cast.officer, document=paper, leaf=leaf)
    with pytest.raises(NotAllowed):
        scans.place_page(row, by=cast.hr, document=paper, leaf=1)


# --- text that runs over, second copies, pages without a code ---------------------------------------------------------


def codes_of(content):
    return [sheet.mark and sheet.mark[1] for sheet in sheets_of(content)]


def filed_of(document):
    with open_file(AgreementScan.objects.get(agreement=document.agreement).file) as file:
        return codes_of(file.read())


def by_leaves(document, *leaves):
    """Pages of these sheets; None: one without a code."""
    return [page(document.code, leaf or 0, document.leaves, is_blotted=leaf is None) for leaf in leaves]


def test_text_that_runs_over_is_the_same_sheet(cast, made):
    [paper] = made(1)
    scan = taken_in(cast, by_leaves(paper, 1, 2, 2, 2, 3))
    [pile] = piles_of(scan, cast.officer)
    assert (pile.is_clean, pile.twice, pile.missing) == (True, [], [])
    assert [row.position for row in pile.further[2]] == [2, 3, 4]
    applied(scan, cast.officer)
    assert filed_of(paper) == [1, 2, 2, 2, 3]
    assert AgreementScan.objects.get().missing == []


def test_the_last_sheet_first_is_turned_round(cast, made):
    [paper] = made(1)
    scan = taken_in(cast, by_leaves(paper, 3, 2, 2, 1))
    [pile] = piles_of(scan, cast.officer)
    assert [row.position for row in pile.pages] == [4, 3, 2, 1]
    assert pile.is_clean


def test_a_second_copy_is_shown_and_can_be_left_out(cast, signed_in, made):
    [paper] = made(1)
    scan = taken_in(cast, by_leaves(paper, 1, 2, 3, 1, 2, 3))
    [pile] = piles_of(scan, cast.officer)
    assert (pile.twice, [row.position for row in pile.pages]) == ([1, 2, 3], [1, 2, 3, 4, 5, 6])
    assert not pile.is_clean
    client = signed_in(cast.officer)
    assert "page 6 (sheet 3)" in client.get(address("scan_detail", scan.pk)).content.decode()
    for row in scan.sheets.filter(position__gt=3):
        client.post(address("scan_page", scan.pk, row.pk), {"do": "drop"})
    [pile] = piles_of(scan, cast.officer)
    assert pile.is_clean
    applied(scan, cast.officer)
    assert filed_of(paper) == [1, 2, 3]


def test_both_copies_are_filed_where_nobody_leaves_one_out(cast, made):
    [paper] = made(1)
    applied(taken_in(cast, by_leaves(paper, 1, 2, 3, 1, 2, 3)), cast.officer)
    assert filed_of(paper) == [1, 2, 3, 1, 2, 3]


def test_a_page_without_a_code_between_two_sheets_is_asked_with_what_its_place_says(cast, signed_in, made):
    [paper] = made(1)
    scan = taken_in(cast, by_leaves(paper, 1, None, 2, 3))
    with pytest.raises(Refused, match="neither assigned nor left out"):
        scans.start_applying(scan, by=cast.officer)
    client, row = signed_in(cast.officer), scan.sheets.get(fate="open")
    shown = client.get(address("scan_detail", scan.pk))
    assert "Its place in the stack says this" in shown.content.decode()
    [(loose, form, _is_suggested)] = shown.context["loose"]
    assert (loose, form.initial) == (row, {"document": paper.pk, "leaf": 1})
    client.post(address("scan_page", scan.pk, row.pk), form.initial)
    [pile] = piles_of(scan, cast.officer)
    assert (pile.is_clean, list(pile.further)) == (True, [1])
    applied(scan, cast.officer)
    assert filed_of(paper) == [1, None, 2, 3]


def test_where_its_place_says_nothing_nothing_is_suggested(cast, signed_in, made):
    first, second = made(2)
    scan = taken_in(cast, [*sheets(first), *by_leaves(first, None), *sheets(second)])
    shown = signed_in(cast.officer).get(address("scan_detail", scan.pk))
    assert "Its place in the stack says this" not in shown.content.decode()
    [(_row, form, is_suggested)] = shown.context["loose"]
    assert (form.initial, is_suggested) == ({"document": None, "leaf": None}, False)


# --- printed by a browser ------------------------------------------------------------------------------------------


def test_pages_that_a_browser_printed_are_filed_whole_without_being_counted(cast, made):
    """All of them carry the same code: the paper's, and no sheet."""
    printed, counted = made(2)
    scan = taken_in(cast, [*[page(printed.code, 0, printed.leaves) for _n in range(3)], *sheets(counted)])
    first, second = piles_of(scan, cast.officer)
    assert (first.document, first.missing, first.twice, list(first.further)) == (printed, [], [], [0])
    assert first.is_clean
    assert second.is_clean
    applied(scan, cast.officer)
    assert filed_of(printed) == [0, 0, 0]
    assert AgreementScan.objects.get(agreement=printed.agreement).missing == []


def test_a_stained_one_among_them_goes_where_its_neighbours_go(cast, signed_in, made):
    [paper] = made(1)
    scan = taken_in(cast, by_leaves(paper, 0, None, 0))
    [(row, form, _is_suggested)] = signed_in(cast.officer).get(address("scan_detail", scan.pk)).context["loose"]
    assert form.initial == {"document": paper.pk, "leaf": 0}
    scans.place_page(row, by=cast.officer, **{**form.initial, "document": paper})
    applied(scan, cast.officer)
    assert filed_of(paper) == [0, None, 0]


@pytest.mark.parametrize(
    ("draw", "fate"),
    [
        (None, "empty"),
        (lambda pen: pen.line((600, 800, 640, 840, 720, 700), fill=70, width=4), "open"),  # a tick
        (lambda pen: pen.arc((500, 700, 700, 900), 0, 360, fill=150, width=5), "open"),  # a pale stamp
    ],
    ids=["empty", "ticked", "stamped"],
)
def test_empty_backs_are_left_out_by_themselves(cast, made, draw, fate):
    [paper] = made(1)
    scan = taken_in(cast, [each for sheet in sheets(paper) for each in (sheet, back(draw))])
    backs = scan.sheets.exclude(fate="found")
    assert [(row.position, row.fate) for row in backs] == [(2, fate), (4, fate), (6, fate)]
    assert all(row.picture for row in backs)
    if fate == "open":
        with pytest.raises(Refused, match="neither assigned nor left out"):
            scans.start_applying(scan, by=cast.officer)
    else:
        applied(scan, cast.officer)
        assert filed_of(paper) == [1, 2, 3]


def test_an_empty_page_is_kept_where_a_person_says_so(cast, made, signed_in):
    [paper] = made(1)
    scan = taken_in(cast, [*sheets(paper), back()])
    page = signed_in(cast.officer).get(address("scan_detail", scan.pk)).content.decode()
    assert "1 page is empty, as backs are: it is left out" in page
    row = scan.sheets.get(position=4)
    faulty = signed_in(cast.officer).post(address("scan_page", scan.pk, row.pk), {"document": paper.pk, "leaf": 9})
    assert faulty.status_code == 422
    signed_in(cast.officer).post(address("scan_page", scan.pk, row.pk), {"document": paper.pk, "leaf": 3})
    applied(scan, cast.officer)
    assert filed_of(paper) == [1, 2, 3, None]


# --- what cannot be read -------------------------------------------------------------------------------------------


def blank(count, size=100):
    document, out = pypdfium2.PdfDocument.new(), io.BytesIO()
    for _n in range(count):
        document.new_page(size, size)
    document.save(out)
    return out.getvalue()


ENCRYPTED = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj
4 0 obj<</Filter/Standard/V 1/R 2/Length 40/P -4/O(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa)/U(bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb)>>endobj
trailer<</Root 1 0 R/Size 5/Encrypt 4 0 R/ID[(cccccccccccccccc)(cccccccccccccccc)]>>
%%EOF"""


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (blank(2_000), "2000 pages"), (b"%PDF-1.4 broken\n%%EOF", "cannot be read"), (ENCRYPTED, "password"),
        (blank(0), "cannot be read"),
    ],
    ids=["many", "broken", "encrypted", "empty"],
)  # fmt: skip
def test_a_pdf_that_is_not_read_says_why(cast, content, sentence):
    scan = scans.read_scan(scans.upload_scan(by=cast.officer, upload=upload(content), form_key=uuid4()))
    assert scan.state == "unreadable"
    with pytest.raises(UnreadableScan, match=sentence):
        list(sheets_of(content))
    assert scans.discard_scan(scan, by=cast.officer).state == "discarded"


def test_a_huge_page_is_drawn_small():
    [sheet] = sheets_of(blank(1, 14_000_000))
    assert sheet.mark is None
    assert len(sheet.picture) < 100_000


def test_fifty_megabytes_are_refused_at_the_door(cast):
    content = b"%PDF-1.4\n" + b"x" * (50 << 20) + b"\n%%EOF"
    with pytest.raises(Rejected, match="larger than"):
        scans.upload_scan(by=cast.officer, upload=upload(content), form_key=uuid4())
    with pytest.raises(Rejected):
        scans.upload_scan(by=cast.officer, upload=upload(b"PK\x03\x04", "a.zip"), form_key=uuid4())
    assert not Scan.objects.exists()


def test_a_reader_that_never_ends_is_ended(monkeypatch, tmp_path):
    slow = tmp_path / "slow.py"
    slow.write_text("import sys, time\nsys.stdin.buffer.read()\ntime.sleep(60)\n")
    monkeypatch.setattr(reader, "WORKER", slow)
    monkeypatch.setattr(reader, "SECONDS", 1)
    assert sys.executable
    with pytest.raises(UnreadableScan, match="too long"):
        list(sheets_of(b"%PDF-1.4"))


# --- in the background ---------------------------------------------------------------------------------------------


def test_what_a_lost_worker_left_behind_is_picked_up(cast, made):
    [paper] = made(1)
    scan = scans.upload_scan(by=cast.officer, upload=upload(pdf(sheets(paper))), form_key=uuid4())
    assert scans.pick_up_scans() == 0
    Scan.objects.update(heard_at=timezone.now() - timedelta(minutes=5))
    tasks.pick_up_scans()
    scan.refresh_from_db()
    assert (scan.state, scan.pages_read) == ("preview", 3)
    scans.start_applying(scan, by=cast.officer)
    Scan.objects.update(heard_at=timezone.now() - timedelta(minutes=5))
    assert scans.pick_up_scans() == 1
    assert scan.filed.count() == 1


def test_the_same_form_twice_is_one_stack(cast):
    key = uuid4()
    first = scans.upload_scan(by=cast.officer, upload=upload(blank(1)), form_key=key)
    assert scans.upload_scan(by=cast.officer, upload=upload(blank(1)), form_key=key) == first
    with pytest.raises(NotAllowed):
        scans.upload_scan(by=cast.hr, upload=upload(blank(1)), form_key=uuid4())


# --- on the pages --------------------------------------------------------------------------------------------------


def test_from_upload_to_signed_on_paper(cast, signed_in, made):
    [paper] = made(1)
    agreement = paper.agreement
    contact = cast.a.contacts.get(user=cast.hr)
    people = [signing.of_the_school(cast.lead, "principal"), signing.of_the_enterprise(contact, "director")]
    signing.ask_for_signatures(agreement, people, by=cast.officer)
    client = signed_in(cast.officer)
    stack = pdf([*sheets(paper, turn=90)[1:], page(paper.code, 1, 3, is_blotted=True)])
    answer = client.post(address("scan_new"), {"file": upload(stack), "form_key": str(uuid4())})
    scan = Scan.objects.get()
    assert answer.url == address("scan_detail", scan.pk)
    scans.read_scan(scan)
    shown = client.get(answer.url).content.decode()
    assert "Pages without a code that can be read" in shown
    assert "missing" in shown
    row = scan.sheets.get(fate="open")
    assert client.get(address("file_picture", row.picture.key)).status_code == 200
    wrong = client.post(address("scan_page", scan.pk, row.pk), {"document": paper.pk, "leaf": 9})
    assert wrong.status_code == 422
    client.post(address("scan_page", scan.pk, row.pk), {"document": paper.pk, "leaf": 1})
    client.post(address("scan_apply", scan.pk))
    client.post(address("scan_apply", scan.pk))
    filed = AgreementScan.objects.get()
    shown = client.get(answer.url).content.decode()
    assert "Enter the signatures" in shown
    client.post(address("scan_sign", filed.pk), {"signed": [], "signed_on": TODAY})
    assert not Signature.objects.filter(state="signed").exists()
    asked = Signature.objects.filter(state="asked")
    client.post(address("scan_sign", filed.pk), {"signed": [row.pk for row in asked], "signed_on": TODAY})
    assert set(Signature.objects.values_list("state", "scan")) == {("signed", filed.file_id)}
    agreement.refresh_from_db()
    assert agreement.state == "in_force"
    page_of_hr = signed_in(cast.hr).get(address("portal_agreement", cast.a.pk, agreement.pk)).content.decode()
    assert address("file", filed.file.key) in page_of_hr
    assert signed_in(cast.stranger_hr).get(address("file", filed.file.key)).status_code == 404
    assert signed_in(cast.other_officer).get(answer.url).status_code == 404
    assert signed_in(cast.lead).get(answer.url).status_code == 200


def test_no_signature_on_another_text(cast, made):
    [paper] = made(1)
    signatory = Signatory(Side.SCHOOL, "principal", "周同", user=cast.lead)
    [row] = signing.ask_for_signatures(paper.agreement, [signatory], by=cast.officer)
    applied(taken_in(cast, sheets(paper)), cast.officer)
    paper.agreement.aim = "更正"
    paper.agreement.save()
    filed = AgreementScan.objects.get()
    with pytest.raises(Refused, match="another version"):
        scans.sign_by_scan(filed, [row], by=cast.officer)


@override_settings(FILE_MAX_BYTES=10_000)
def test_too_large_a_file_says_so_on_the_page(cast, signed_in):
    data = {"file": upload(b"%PDF-1.4\n" + b"x" * 20_000 + b"\n%%EOF"), "form_key": str(uuid4())}
    answer = signed_in(cast.officer).post(address("scan_new"), data)
    assert answer.status_code == 422
    assert "larger than" in answer.content.decode()


def test_the_page_of_a_stack_costs_the_same_for_many(cast, signed_in, made, django_assert_max_num_queries):
    client = signed_in(cast.officer)
    papers = made(6)
    scan = Scan.objects.create(name="x.pdf", uploaded_by=cast.officer, state="preview", pages=18)
    ScanPage.objects.bulk_create(
        ScanPage(scan=scan, position=n * 3 + leaf, fate="found", document=paper, leaf=leaf)
        for n, paper in enumerate(papers)
        for leaf in (1, 2, 3)
    )
    with django_assert_max_num_queries(24):
        assert client.get(address("scan_detail", scan.pk)).status_code == 200
