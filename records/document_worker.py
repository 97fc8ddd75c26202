"""Fills one Word template in a process of its own; records.documents starts it, nothing else imports it.

A template is a program: it can loop for ever, ask for more memory than there is, or reach into the objects it is given.
So only a few kinds of expressions are let through, in a sandbox, and the whole runs under limits of memory and
processor time set by the operating system. Standard library, docxtpl and python-docx only: no Django.

In: one JSON object on standard input: "docx" (base64), "known" (names of variables), "lists" (those of them that hold
several values), "values", "code" (of the paper; empty: none), "seconds". Out: one JSON object on standard output,
either {"refused": code, "params": {…}} or {"docx": base64, "leaves": number}.
"""

import base64
import contextlib
import io
import json
import re
import sys
import zipfile
import zlib
from pathlib import Path

from docxtpl import DocxTemplate
from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

sys.path.append(str(Path(__file__).parent))  # after everything else: its neighbours bear common names
from leaves import mark

MEMORY = 1024 * 1024 * 1024
MAX_ENTRIES = 2_000
MAX_UNPACKED = 64 * 1024 * 1024
MAX_RESULT = 20 * 1024 * 1024

EXTERNAL = re.compile(rb"<(?:\w+:)?Relationship\b[^>]*TargetMode=.External.[^>]*>", re.IGNORECASE)
LINK = re.compile(rb"relationships/hyperlink[\"']", re.IGNORECASE)
CHUNKED = re.compile(rb"relationships/(?:aFChunk|oleObject|package|control|subDocument|attachedTemplate)[\"']")
ACTIVE = re.compile(rb"macroEnabled|vbaProject|ms-office\.activeX", re.IGNORECASE)
ENTITY = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
#: Fields that read files, other programs or addresses when the document is opened.
FETCHING = re.compile(rb"\b(?:INCLUDEPICTURE|INCLUDETEXT|DDEAUTO|DDE|LINK|IMPORT|DATABASE|RD)\b")
INSTRUCTION = re.compile(rb"<w:(?:instrText|fldSimple)\b[^>]*>[^<]*")

ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Const, nodes.If, nodes.CondExpr, nodes.Compare,
    nodes.Operand, nodes.And, nodes.Or, nodes.Not,
)  # fmt: skip
FILTERS = {"join", "upper", "lower", "trim"}
OF_LOOP = {"index", "first", "last", "length"}
SIGNS = {"Mul": "*", "Pow": "**", "Add": "+", "Sub": "-", "Div": "/", "FloorDiv": "//", "Mod": "%", "Concat": "~"}


class Refused(Exception):
    """The template is not taken; the code says why, records.documents has the sentence."""

    def __init__(self, code, **params):
        super().__init__(code)
        self.code, self.params = code, params


# --- what the file is made of --------------------------------------------------------------------------------------


def inspect(data):
    """Look into every part of the package before anything opens it. Raises Refused."""
    room = MAX_UNPACKED
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            entries = package.infolist()
            if len(entries) > MAX_ENTRIES:
                raise Refused("bomb")
            for entry in entries:
                content = _content(package, entry, room)
                room -= len(content)
                _look(entry.filename.lower(), content)
    except (zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError, RuntimeError, NotImplementedError) as error:
        raise Refused("damaged") from error


def _content(package, entry, room):
    if entry.flag_bits & 1:
        raise Refused("damaged")
    with package.open(entry) as part:
        content = part.read(room + 1)
    if len(content) > room:
        raise Refused("bomb")
    return content


def _look(name, content):
    if "vbaproject" in name or "activex" in name or (name == "[content_types].xml" and ACTIVE.search(content)):
        raise Refused("macros")
    if "/embeddings/" in name:
        raise Refused("embedded")
    if not name.endswith((".xml", ".rels", ".vml")):
        return
    if b"\x00" in content or ENTITY.search(content):  # UTF-16 would hide everything below
        raise Refused("damaged")
    if name.endswith(".rels"):
        if CHUNKED.search(content):
            raise Refused("embedded")
        if any(not LINK.search(found) for found in EXTERNAL.findall(content)):
            raise Refused("external")
    instructions = b"".join(re.sub(rb"<[^>]*>", b"", found) for found in INSTRUCTION.findall(content))
    if FETCHING.search(instructions) or FETCHING.search(b" ".join(re.findall(rb'w:instr="([^"]*)"', content))):
        raise Refused("external")


# --- what its placeholders may say ---------------------------------------------------------------------------------


class OnlyValues(ImmutableSandboxedEnvironment):
    """Variables that are known, `if`, and `for` over those that hold several values; no call, attribute or sum."""

    def __init__(self, known, lists):
        super().__init__(autoescape=True, undefined=StrictUndefined)
        self.globals.clear()
        self.filters = {name: self.filters[name] for name in FILTERS}
        self.known, self.lists = frozenset(known), frozenset(lists)

    def _parse(self, source, name, filename):
        tree = super()._parse(source, name, filename)
        self._check(tree)
        unknown = meta.find_undeclared_variables(tree) - self.known
        if unknown:
            raise Refused("unknown", names=sorted(unknown)[:10])
        return tree

    def _check(self, node):
        for child in node.iter_child_nodes():
            if isinstance(child, nodes.For):
                if child.recursive or not isinstance(child.target, nodes.Name):
                    raise Refused("expression", what="for")
                if not isinstance(child.iter, nodes.Name) or child.iter.name not in self.lists:
                    raise Refused("loop", what=_said(child.iter), names=sorted(self.lists))
            elif isinstance(child, nodes.Filter):
                if child.name not in FILTERS or child.kwargs or child.dyn_args or child.dyn_kwargs:
                    raise Refused("expression", what=f"|{child.name}")
            elif isinstance(child, nodes.Getattr):
                if not (isinstance(child.node, nodes.Name) and child.node.name == "loop" and child.attr in OF_LOOP):
                    raise Refused("expression", what=_said(child))
            elif isinstance(child, nodes.Name):
                if child.ctx not in ("load", "store"):
                    raise Refused("expression", what=child.name)
            elif not isinstance(child, ALLOWED):
                raise Refused("expression", what=_said(child))
            self._check(child)


def _said(node):
    """How an expression that is not let through reads, shortened."""
    if isinstance(node, nodes.Call):
        return f"{_said(node.node)}(…)"[:40]
    if isinstance(node, nodes.Name):
        return node.name[:40]
    if isinstance(node, nodes.Getattr):
        return f"{_said(node.node)}.{node.attr}"[-40:]
    kind = type(node).__name__
    return SIGNS.get(kind, kind.lower() if not isinstance(node, nodes.Const) else repr(node.value)[:40])


# --- filling it ----------------------------------------------------------------------------------------------------


def fill(request):
    data = base64.b64decode(request["docx"])
    inspect(data)
    try:
        template = DocxTemplate(io.BytesIO(data))
        template.render(request["values"], OnlyValues(request["known"], request["lists"]))
        leaves = mark(template.docx, request["code"]) if request["code"] else 0
        out = io.BytesIO()
        template.docx.save(out)
    except (Refused, MemoryError, RecursionError):
        raise
    except TemplateSyntaxError as error:
        raise Refused("syntax", what=str(error.message)[:120]) from error
    except TemplateError as error:
        raise Refused("syntax", what=str(error)[:120]) from error
    except Exception as error:  # a reader that is fed nonsense raises whatever it likes
        raise Refused("damaged") from error
    if out.tell() > MAX_RESULT:
        raise Refused("too_heavy")
    return {"docx": base64.b64encode(out.getvalue()).decode(), "leaves": leaves}


def limit_resources(seconds):
    try:
        import resource
    except ImportError:  # no such limits on this system: the time limit of the parent remains
        return
    for limit, value in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_CORE, 0)):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(limit, (value, value))


def main():
    request = json.loads(sys.stdin.buffer.read())
    limit_resources(request["seconds"])
    try:
        answer = fill(request)
    except Refused as refusal:
        answer = {"refused": refusal.code, "params": refusal.params}
    except (MemoryError, RecursionError):
        answer = {"refused": "too_heavy", "params": {}}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
