"""Every sentence is there in Chinese: found in the source, translated in the .po file, compiled into the .mo file.

gettext's programs are not needed: Python's own parser reads the source, Django's reads the templates.
"""

import ast
import gettext
import re

import pytest
from django.conf import settings
from django.utils.translation.template import templatize

CATALOG = settings.BASE_DIR / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
APPS = [path.parent for path in settings.BASE_DIR.glob("*/__init__.py") if path.parent.name != "tests"]
MARKS = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy", "pgettext", "pgettext_lazy"}
CHINESE = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w*\}|%[sd%]")
#: Texts that are the same in Chinese.
SAME_IN_CHINESE = {
    "%(name)s, ",
    "English",
    "Ronghe",
    "PDF",
    "CSV",
    "Excel",
    "QR",
    "%(a)s · %(b)s",
    "%(when)s, %(where)s",
    "%(name)s: %(text)s",
    "%(name)s: %(title)s",
    "%(happened)s of %(count)s",
}


def read_catalog(text):
    """(context, msgid) -> list of msgstr; fuzzy entries map to []. Obsolete entries and the header are left out."""
    entries = {}
    for block in re.split(r"\n\s*\n", text):
        fields, current = {}, None
        for line in block.splitlines():
            if line.startswith("#"):
                continue
            if match := re.match(r"(msgctxt|msgid_plural|msgid|msgstr(?:\[\d\])?)\s+(.*)", line):
                current, line = match[1], match[2]
                fields[current] = ""
            if current and line.strip():
                fields[current] += ast.literal_eval(line.strip())
        if fields.get("msgid"):
            translations = [value for name, value in fields.items() if name.startswith("msgstr")]
            fuzzy = re.search(r"^#,.*\bfuzzy\b", block, re.MULTILINE)
            entries[fields.get("msgctxt"), fields["msgid"]] = [] if fuzzy else translations
    return entries


def messages_of_python(source):
    """{(context, msgid)} of the calls gettext("…"), _("…"), ngettext("…", …), pgettext("context", "…")."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        strings = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
        if name in MARKS and strings and isinstance(strings[0], str):
            found.add((strings[0], strings[1]) if name.startswith("pgettext") else (None, strings[0]))
    return found


def messages_of_template(source):
    """The same of {% translate %} and {% blocktranslate %}: Django rewrites them as calls for xgettext."""
    calls = re.findall(r"\b(?:gettext|ngettext|pgettext|_)\(.*?\)\s", templatize(source) + " ", re.DOTALL)
    found = set()
    for call in calls:
        try:
            found |= messages_of_python(call.strip())
        except SyntaxError:
            continue
    return found


def messages_of_the_house():
    found = {}
    for app in APPS:
        for path in app.rglob("*.py"):
            if "migrations" not in path.parts:
                for message in messages_of_python(path.read_text()):
                    found.setdefault(message, path)
    for folder in [settings.BASE_DIR / "templates", *APPS]:
        for path in [*folder.rglob("*.html"), *folder.rglob("*.txt")]:
            for message in messages_of_template(path.read_text()):
                found.setdefault(message, path)
    return found


@pytest.fixture(scope="module")
def catalog():
    return read_catalog(CATALOG.read_text())


def test_every_message_is_in_the_catalog(catalog):
    missing = {
        msgid: str(path.relative_to(settings.BASE_DIR))
        for (context, msgid), path in messages_of_the_house().items()
        if (context, msgid) not in catalog
    }
    assert missing == {}


def test_every_message_is_translated(catalog):
    assert [msgid for (_, msgid), translations in catalog.items() if not translations or not all(translations)] == []


def test_every_translation_is_chinese(catalog):
    strange = [
        msgid
        for (_, msgid), translations in catalog.items()
        if msgid not in SAME_IN_CHINESE and CHINESE.search("".join(translations)) is None and re.search("[a-z]", msgid)
    ]
    assert strange == []


def test_placeholders_survive_translation(catalog):
    wrong = {
        msgid: text
        for (_, msgid), translations in catalog.items()
        for text in translations
        if set(PLACEHOLDER.findall(text)) - set(PLACEHOLDER.findall(msgid))
        or (len(translations) == 1 and set(PLACEHOLDER.findall(msgid)) - set(PLACEHOLDER.findall(text)) - {"%%"})
    }
    assert wrong == {}


def test_the_compiled_catalog_is_current(catalog):
    with CATALOG.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    stale = [
        msgid
        for (context, msgid), translations in catalog.items()
        if translations
        and len(translations) == 1
        and (compiled.pgettext(context, msgid) if context else compiled.gettext(msgid)) not in translations
        and compiled.ngettext(msgid, msgid, 1) not in translations
    ]
    assert stale == [], "run `make messages`"


def test_the_reader_of_templates_finds_both_kinds():
    page = """{% translate "One" %} {% blocktranslate trimmed %} Two
              lines {{ name }} {% endblocktranslate %}
              {% blocktranslate count n=n %}One partner{% plural %}{{ n }} partners{% endblocktranslate %}"""
    assert messages_of_template(page) == {(None, "One"), (None, "Two lines %(name)s"), (None, "One partner")}


def test_the_reader_of_python_finds_every_call():
    source = '_("One")\nngettext("a cat", "%d cats", n)\npgettext("verb", "open")\nother("Not this")'
    assert messages_of_python(source) == {(None, "One"), (None, "a cat"), ("verb", "open")}


def test_the_reader_of_catalogs_knows_fuzzy_and_long_entries():
    head, plain = 'msgid ""\nmsgstr "head"', 'msgid "a"\nmsgstr ""\n"甲"\n"乙"'
    fuzzy, obsolete = '#, fuzzy\nmsgid "b"\nmsgstr "丙"', '#~ msgid "c"\n#~ msgstr "丁"'
    text = "\n\n".join([head, plain, fuzzy, obsolete])
    assert read_catalog(text) == {(None, "a"): ["甲乙"], (None, "b"): []}
