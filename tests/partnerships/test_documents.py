"""Documents of agreements: what they say, templates that are taken and refused, versions, who downloads them."""

import io
import os
import re
import shutil
import subprocess
import zipfile
from decimal import Decimal
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import translation
from docx import Document
from docx.enum.text import WD_BREAK

from partnerships.models import Agreement, AgreementDocument, DocumentTemplate
from partnerships.papers import code_to_print
from partnerships.rules.documents import LISTS, VARIABLES, amount_in_words, numeral
from partnerships.services.agreements import documents, review, signing, templates
from records import documents as filler
from records.documents import UnusableTemplate, fill
from records.files import Rejected, open_file
from records.leaves import mark_of, read_mark
from records.models import Event
from records.workflow import NotAllowed, Refused
from tests.partnerships.factories import AgreementFactory, EnterpriseFactory, SiteFactory

EXAMPLES = {name: variable.example for name, variable in VARIABLES.items()}


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def agreement(cast):
    site = SiteFactory(enterprise=cast.a, name="二号厂房")
    row = AgreementFactory(
        enterprise=cast.a, owner=cast.officer, state="signature", kind="order_class", title="订单班 <甲&乙> 𠮷",
        title_en="Order class", aim="共同培养。\n第二段", school_duties="单独编班。", enterprise_duties="选派工程师。" * 300,
        other_terms="{{ 7*7 }}", amount=Decimal("120000.50"), payment="九月底前", places_per_year=20,
        seminars_per_year=2, notice_days=30, auto_renews=True, renewal_months=12, number="XQ2026-011", copies=4,
        school_contact=cast.officer, enterprise_contact=cast.foreman, specialties="数控技术",
    )  # fmt: skip
    row.sites.add(site)
    row.other_parties.add(EnterpriseFactory(name="合作第三方有限公司"))
    return row


def word(*paragraphs):
    document, out = Document(), io.BytesIO()
    for text in paragraphs:
        document.add_paragraph(text)
    document.save(out)
    return out.getvalue()


def upload(content, name="模板.docx"):
    return SimpleUploadedFile(name, content)


def text_of(content):
    document = Document(io.BytesIO(content))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*[paragraph.text for paragraph in document.paragraphs], *cells])


def feet_of(content):
    return [section.footer.paragraphs[-1].text.split()[-1] for section in Document(io.BytesIO(content)).sections]


def read(file):
    with open_file(file) as stored:
        return stored.read()


# --- what it says --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0", "零元整"), ("1", "壹元整"), ("120000.50", "壹拾贰万元伍角"), ("100.05", "壹佰元零伍分"), ("0.3", "叁角"),
        ("10001", "壹万零壹元整"), ("101010.11", "壹拾万壹仟零壹拾元壹角壹分"), ("200030000", "贰亿零叁万元整"),
        ("9999999999.99", "玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分"),
    ],
)  # fmt: skip
def test_an_amount_in_capital_characters(amount, words):
    assert amount_in_words(Decimal(amount)) == words


def test_the_number_of_an_article():
    assert [numeral(n, "zh-hans") for n in (1, 10, 11, 20, 21)] == ["一", "十", "十一", "二十", "二十一"]
    assert numeral(12, "en") == "12"


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_plain_paper_says_every_value(agreement, language):
    values = documents.values_of(agreement, language)
    content, leaves = documents.made_from(None, agreement, values, language, "1" * 12)
    text = text_of(content)
    for name, value in values.items():
        for part in value if isinstance(value, list) else value.split("\n"):
            assert name in ("kind", "parties", "enterprise_duties") or part in text, name
    assert "".join(text.split()).count("选派工程师。") == 300  # goes on overleaf
    assert "𠮷" in text or language == "en"
    assert feet_of(content) == [f"{n}/{leaves}" for n in range(1, leaves + 1)]
    assert leaves >= 3


def test_the_plain_paper_as_a_template_says_the_same(agreement):
    values = documents.values_of(agreement, "zh-hans")
    content, leaves = fill(documents.starter("zh-hans"), values, lists=LISTS, code="1" * 12)
    text = text_of(content)
    assert feet_of(content) == [f"{n}/{leaves}" for n in range(1, leaves + 1)]
    for name in ("title", "number", "aim", "payment", "other_terms", "amount_words", "sites", "enterprise", "copies"):
        assert values[name] in text, name


def test_an_amendment_says_what_it_changes(cast, agreement):
    Agreement.objects.filter(pk=agreement.pk).update(state="draft", open_signatures=0)
    amendment = AgreementFactory(
        enterprise=cast.a, owner=cast.officer, state="review", amends=agreement, nth=1, blocks=["money"], amount=5,
        valid_from=agreement.starts_on, title=agreement.title, aim="unchanged",
    )  # fmt: skip
    values = documents.values_of(amendment, "en")
    text = text_of(documents.made_from(None, amendment, values, "en")[0])
    assert "Amendment 1 to “Order class”" in text
    assert "5.00" in text
    assert "unchanged" not in text


# --- templates that are refused ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{{ title.__class__.__mro__ }}", "title.__class__.__mro__"),
        ("{{ ''.__class__ }}", "__class__"),
        ("{{ title|attr('__class__') }}", "|attr"),
        ("{{ sites_list[0] }}", "getitem"),
        ("{% for i in range(10**9) %}x{% endfor %}", "range(…)"),
        ("{% for i in title %}x{% endfor %}", "not over “title”"),
        ("{{ 'a' * 10**9 }}", "“*”"),
        ("{{ cycler }}", "do not exist: cycler"),
        ("{{ titel }}", "do not exist: titel"),
        ("{% set a = title %}", "may not stand"),
        ("{% include 'x' %}", "may not stand"),
        ("{% macro a() %}{% endmacro %}", "may not stand"),
        ("{{ title", "not written correctly"),
    ],
)  # fmt: skip
def test_a_hostile_template_is_refused_with_a_sentence(text, sentence):
    with pytest.raises(UnusableTemplate) as refused:
        fill(word(text), EXAMPLES, lists=LISTS)
    assert sentence in str(refused.value)


def test_a_template_that_loops_too_long_ends(monkeypatch):
    monkeypatch.setattr(filler, "SECONDS", 2)
    loops = "".join(f"{{% for a{n} in sites_list %}}" for n in range(9)) + "x" + "{% endfor %}" * 9
    with pytest.raises(UnusableTemplate, match="too long or too much memory"):
        fill(word(loops), {"sites_list": ["a"] * 60}, lists=["sites_list"])
    assert fill(word("{{ title }}"), {"title": "ok"})[1] == 0  # and the next one is filled


def changed(content, **parts):
    """The package with other content under some names ("word/x.xml" as word__x_xml: content)."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, parts.pop(name, None) or source.read(name))
        for name, data in parts.items():
            target.writestr(name, data)
    return out.getvalue()


RELATIONS = "word/_rels/document.xml.rels"


def related(kind, target="http://example.org/x.png"):
    with zipfile.ZipFile(io.BytesIO(word("x"))) as package:
        rels = package.read(RELATIONS).decode()
    address = f"http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}"
    new = f'<Relationship Id="rId99" Type="{address}" Target="{target}" TargetMode="External"/></Relationships>'
    return rels.replace("</Relationships>", new).encode()


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ({RELATIONS: related("image")}, "from elsewhere"),
        ({RELATIONS: related("attachedTemplate")}, "embedded"),
        ({RELATIONS: related("aFChunk")}, "embedded"),
        ({"word/embeddings/a.bin": b"MZ"}, "embedded"),
        ({"word/vbaProject.bin": b"x"}, "macros"),
        ({"word/header9.xml": b'<!DOCTYPE a [<!ENTITY b "c">]><w:hdr/>'}, "cannot be read"),
        ({"word/media/x.xml": b" " * (80 << 20)}, "unpacks to far more"),
        ({"word/x.xml": b'<w:instrText xml:space="preserve"> INCLUDEPICTURE "http://x"</w:instrText>'}, "elsewhere"),
    ],
    ids=["picture", "template", "chunk", "object", "macro", "entity", "bomb", "field"],
)
def test_a_package_with_something_else_in_it_is_refused(parts, sentence):
    with pytest.raises(UnusableTemplate, match=sentence):
        fill(changed(word("x"), **parts), EXAMPLES, lists=LISTS)


def test_a_link_to_read_is_no_danger():
    content = changed(word("{{ title }}"), **{RELATIONS: related("hyperlink", "http://example.org/")})
    assert fill(content, EXAMPLES, lists=LISTS)[0]


# --- templates that are taken --------------------------------------------------------------------------------------


def test_values_are_text_and_lists_are_looped_over():
    content, _leaves = fill(
        word("{{ title }}", "{%p for site in sites_list %}", "{{ loop.index }} {{ site }}", "{%p endfor %}"),
        {"title": "𠮷 <w:b/> & {{ x }}\nzwei\x07", "sites_list": ["甲", "乙"]}, lists=["sites_list"],
    )  # fmt: skip
    assert [p.text for p in Document(io.BytesIO(content)).paragraphs] == ["𠮷 <w:b/> & {{ x }}\nzwei", "1 甲", "2 乙"]


def test_each_sheet_carries_its_code():
    document, out = Document(), io.BytesIO()
    document.sections[0].footer.paragraphs[0].text = "校企合作处"
    document.add_paragraph("one").add_run().add_break(WD_BREAK.PAGE)
    document.add_paragraph("two")
    document.add_paragraph("three").paragraph_format.page_break_before = True
    document.save(out)
    content, leaves = fill(out.getvalue(), EXAMPLES, lists=LISTS, code="abcdefgh1234")
    assert leaves == 3
    assert feet_of(content) == ["1/3", "2/3", "3/3"]
    assert {s.footer.paragraphs[0].text for s in Document(io.BytesIO(content)).sections} == {"校企合作处"}


def test_what_a_code_says():
    assert read_mark(mark_of("abcdefgh1234", 2, 5)) == ("abcdefgh1234", 2, 5)
    assert read_mark("https://example.org") is None


@pytest.fixture
def uploaded(cast):
    def put(*paragraphs, **values):
        how = {"name": "订单班", "kind": "order_class", "language": "zh-hans", "form_key": uuid4()} | values
        return templates.upload_template(upload(word(*paragraphs)), by=cast.lead, **how)

    return put


def test_a_new_template_takes_over_and_the_former_stays(cast, agreement, uploaded):
    first, second = uploaded("一 {{ title }}"), uploaded("二 {{ title }}")
    first.refresh_from_db()
    assert (first.is_active, second.is_active, second.nth) == (False, True, 2)
    assert documents.template_for(agreement, "zh-hans") == second
    assert documents.template_for(agreement, "en") is None
    templates.use_template(first, by=cast.lead, is_active=True)
    assert documents.template_for(agreement, "zh-hans") == first
    templates.use_template(first, by=cast.lead, is_active=False)
    anything = uploaded("{{ title }}", kind="")
    assert documents.template_for(agreement, "zh-hans") == anything
    assert Event.objects.filter(kind="template.uploaded").count() == 3


def test_only_leads_upload(cast):
    how = {"name": "x", "kind": "", "language": "en", "form_key": uuid4()}
    with pytest.raises(NotAllowed):
        templates.upload_template(upload(word("x")), by=cast.officer, **how)


@pytest.mark.parametrize("name", ["模板.doc", "模板.pdf", "模板.docm"])
def test_only_word_files_are_taken(cast, name):
    how = {"name": "x", "kind": "", "language": "en", "form_key": uuid4()}
    with pytest.raises(Rejected):
        templates.upload_template(upload(word("x"), name), by=cast.lead, **how)


def test_a_macro_file_under_a_plain_name_is_refused(cast):
    how = {"name": "x", "kind": "", "language": "en", "form_key": uuid4()}
    with zipfile.ZipFile(io.BytesIO(word("x"))) as package:
        types = package.read("[Content_Types].xml").replace(
            b"wordprocessingml.document.main+xml", b"x.macroEnabled.main+xml"
        )
    with pytest.raises(ValidationError, match="macros"):
        templates.upload_template(upload(changed(word("x"), **{"[Content_Types].xml": types})), by=cast.lead, **how)
    assert not DocumentTemplate.objects.exists()


def test_a_template_on_its_pages(cast, signed_in, agreement):
    client = signed_in(cast.lead)
    data = {"name": "订单班", "kind": "order_class", "language": "zh-hans", "form_key": str(uuid4())}
    answer = client.post(reverse("partnerships:template_new"), data | {"file": upload(word("{{ titel }}"))})
    assert answer.status_code == 422
    assert "titel" in answer.content.decode()
    answer = client.post(reverse("partnerships:template_new"), data | {"file": upload(word("{{ title }}"))})
    template = DocumentTemplate.objects.get()
    assert answer.url == reverse("partnerships:template_detail", args=[template.pk])
    page = client.get(answer.url).content.decode()
    assert cast.a.name in page
    preview = client.get(reverse("partnerships:template_preview", args=[template.pk]), {"agreement": agreement.pk})
    assert agreement.title in text_of(preview.content)
    assert not AgreementDocument.objects.exists()


# --- the frozen document -------------------------------------------------------------------------------------------


def test_what_goes_out_for_signature_is_frozen(cast, agreement):
    Agreement.objects.filter(pk=agreement.pk).update(state="review", agreed_school_at="2026-01-01T00:00Z",
                                                     agreed_enterprise_at="2026-01-01T00:00Z")  # fmt: skip
    review.move_agreement(agreement, "approve", by=cast.lead)
    document = agreement.documents.get()
    assert (document.nth, document.language, document.digest) == (1, "zh-hans", signing.digest_of(agreement))
    assert document.sha256 == document.file.sha256
    assert ["title", agreement.title] == document.values[0][::2]
    assert documents.current(agreement) == document


def test_a_corrected_text_gets_a_new_version(cast, agreement):
    first = documents.freeze(agreement, by=cast.officer)
    assert documents.freeze(agreement, by=cast.officer) == first
    Agreement.objects.filter(pk=agreement.pk).update(aim="更正")
    agreement.refresh_from_db()
    assert documents.current(agreement) is None
    second = documents.freeze(agreement, by=cast.officer)
    assert second.nth == 2
    assert second.code != first.code
    assert "共同培养" in {name: value for name, _label, value in first.values}["aim"]
    assert "更正" in text_of(read(second.file))


def test_frozen_words_stay_when_a_template_changes(cast, agreement, uploaded):
    first = documents.freeze(agreement, by=cast.officer)
    uploaded("新版 {{ title }}")
    second = documents.freeze(agreement, by=cast.officer)
    assert (second.nth, second.digest) == (2, first.digest)
    assert text_of(read(second.file)).startswith("新版")


def test_a_draft_is_not_printed_nor_by_others(cast, agreement):
    with pytest.raises(NotAllowed):
        documents.freeze(agreement, by=cast.other_officer)
    Agreement.objects.filter(pk=agreement.pk).update(state="draft")
    with pytest.raises(Refused):
        documents.freeze(agreement, by=cast.officer)


def test_a_template_that_cannot_be_filled_stops_nothing(cast, agreement, uploaded, monkeypatch):
    uploaded("{{ title }}")

    def refuse(*_values, **_options):
        raise UnusableTemplate("too_heavy")

    monkeypatch.setattr(documents, "fill", refuse)
    assert documents.prepare(agreement, by=cast.officer) is None
    assert not agreement.documents.exists()


def test_both_sides_download_it(cast, signed_in, agreement):
    page = reverse("partnerships:agreement_detail", args=[agreement.pk])
    client = signed_in(cast.officer)
    client.post(reverse("partnerships:agreement_document", args=[agreement.pk]), {"language": "en"})
    file = agreement.documents.get().file
    address = reverse("partnerships:file", args=[file.key])
    assert address in client.get(page).content.decode()
    hr = signed_in(cast.hr)
    shown = hr.get(reverse("partnerships:portal_agreement", args=[cast.a.pk, agreement.pk])).content.decode()
    assert address in shown
    answer = hr.get(address)
    assert "attachment" in answer["Content-Disposition"]
    assert "Order class" in text_of(b"".join(answer.streaming_content))
    assert signed_in(cast.stranger_hr).get(address).status_code == 404
    Agreement.objects.filter(pk=agreement.pk).update(state="draft")
    assert hr.get(address).status_code == 404


# --- printed by a browser ------------------------------------------------------------------------------------------


def printed(client, agreement):
    return client.get(reverse("partnerships:agreement_print", args=[agreement.pk])).content.decode()


def test_the_page_to_print_carries_the_code_of_the_document(cast, signed_in, agreement):
    client = signed_in(cast.officer)
    assert "qr--sheet" not in printed(client, agreement)  # there is no document yet
    document = documents.freeze(agreement, by=cast.officer)
    page = printed(client, agreement)
    assert "qr--sheet" in page
    assert f"<figcaption>{document.code}</figcaption>" in page
    found, mark = code_to_print(agreement, [agreement])
    assert (found, read_mark(mark)) == (document, (document.code, 0, document.leaves))


def test_no_code_where_the_page_says_something_else_than_the_document(cast, signed_in, agreement):
    client = signed_in(cast.officer)
    documents.freeze(agreement, by=cast.officer)
    assert code_to_print(agreement, [agreement, agreement]) is None  # amended: what counts is put together
    Agreement.objects.filter(pk=agreement.pk).update(aim="更正")
    page = printed(client, agreement)
    assert "qr--sheet" not in page
    assert "filed by hand" in page


# --- opened in an office program -----------------------------------------------------------------------------------

#: Where it is said that nothing is left out (.ci/run) the test fails instead of being skipped.
LEFT_OUT = not shutil.which("soffice") and "NOTHING_LEFT_OUT" not in os.environ
#: Names of values that stand on no plain paper, or are cut between pages.
ELSEWHERE = {"kind", "nth", "parties", "parties_list", "sites_list", "enterprise_duties"}


def in_an_office_program(folder, papers):
    """The text of each of `papers` (name: .docx) as LibreOffice lays it out, a form feed behind every page.

    With a home and a profile of its own: root and whoever has no home run it too, and two at once do not meet.
    """
    for name, content in papers.items():
        (folder / f"{name}.docx").write_bytes(content)
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    run = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", folder]
    run += [folder / f"{name}.docx" for name in papers]
    done = subprocess.run(run, env=os.environ | {"HOME": str(folder)}, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    read = {name: ["pdftotext", folder / f"{name}.pdf", "-"] for name in papers}
    return {name: subprocess.run(how, check=True, capture_output=True).stdout.decode() for name, how in read.items()}


def overflowing():
    """A template of two sheets, the first one several pages long, with feet of its own on first and even pages."""
    document, out = Document(), io.BytesIO()
    document.sections[0].different_first_page_header_footer = True
    document.settings.odd_and_even_pages_header_footer = True
    for _n in range(40):
        document.add_paragraph("双方共同制订人才培养方案。" * 12)
    document.add_paragraph().add_run().add_break(WD_BREAK.PAGE)
    document.add_paragraph("{{ title }}")
    document.save(out)
    return out.getvalue()


@pytest.mark.skipif(LEFT_OUT, reason="needs libreoffice-writer (docs/operations.md)")
def test_it_opens_and_every_value_is_there(agreement, tmp_path):
    values = {language: documents.values_of(agreement, language) for language in ("zh-hans", "en")}
    made = {
        language: documents.made_from(None, agreement, said, language, "1" * 12) for language, said in values.items()
    }
    values["template"] = values["zh-hans"]
    made["template"] = fill(documents.starter("zh-hans"), values["template"], lists=LISTS, code="1" * 12)
    made["overflows"], values["overflows"] = fill(overflowing(), EXAMPLES, lists=LISTS, code="1" * 12), {}
    shown = in_an_office_program(tmp_path, {name: content for name, (content, _leaves) in made.items()})
    for name, text in shown.items():
        assert "{{" not in text.replace("{{ 7*7 }}", "")
        found = "".join(text.split())
        for key in values[name].keys() - ELSEWHERE:
            value = values[name][key]
            for part in value if isinstance(value, list) else value.split("\n"):
                assert "".join(part.split()) in found, (name, key)
    for name in ("zh-hans", "en"):  # each sheet is one page: nothing overflows
        assert shown[name].count("\f") == made[name][1]
    assert made["overflows"][1] == 2
    pages = shown["overflows"].split("\f")[:-1]
    codes = [re.findall(r"1{12}\s+(\d)/2", page) for page in pages]
    assert len(pages) >= 5
    assert codes == [["1"]] * (len(pages) - 1) + [["2"]]  # further pages say the sheet they go on from
