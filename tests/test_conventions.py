"""The house rules that a reader would otherwise have to remember."""

import ast
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.template.loader import get_template
from django.utils.module_loading import import_string

ROOT = Path(settings.BASE_DIR)
APPS = ("records", "reminders", "accounts", "policies", "partnerships", "reports")
#: From the lowest to the highest: an app names only itself and those before it.
LAYERS = ("records", "reminders", "accounts", "policies", "partnerships", "programs", "internships", "incentives", "reports")  # fmt: skip
SAYS_NOTHING = {"utils", "helpers", "common", "selectors", "mixins", "signals", "managers", "constants"}


def sources(*names):
    for app in names or APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def trees(*names):
    for path in sources(*names):
        yield path, ast.parse(path.read_text())


def functions(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def place(path, node):
    return f"{path.relative_to(ROOT)}:{node.lineno}"


def length(function):
    """Lines of the body, without the docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def test_no_file_whose_name_says_nothing():
    assert [path for path in sources() if path.stem in SAYS_NOTHING] == []


def test_files_stay_readable():
    long = [str(p.relative_to(ROOT)) for p in sources(*APPS, "config") if len(p.read_text().splitlines()) > 600]
    long += [str(p.relative_to(ROOT)) for p in templates() if len(p.read_text().splitlines()) > 200]
    assert long == []


def test_views_and_services_stay_short():
    long = []
    for path, tree in trees():
        most = 25 if "views" in path.parts or path.name == "views.py" else 40
        if most == 25 or "services" in path.parts or path.name == "services.py":
            long += [f"{place(path, f)} {f.name} {length(f)}" for f in functions(tree) if length(f) > most]
    assert long == []


def test_no_import_inside_a_function():
    nested = []
    for path, tree in trees():
        for function in functions(tree):
            inside = [node for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom)]
            nested += [place(path, node) for node in inside if path.name not in LATE_IMPORTS]
    assert nested == []


#: The program that opens foreign workbooks loads its reader only once its own memory is limited.
LATE_IMPORTS = {"sheet_worker.py", "document_worker.py", "scan_worker.py"}


def test_nobody_names_a_higher_app():
    """Neither by import nor by a string foreign key or get_model."""
    upward = []
    for app in APPS:
        higher = LAYERS[LAYERS.index(app) + 1 :]
        pattern = re.compile(rf"""get_model\(|["']({"|".join(higher)})\.[A-Z]\w+["']|^(?:from|import) (?:{"|".join(higher)})\b""", re.M) if higher else re.compile(r"get_model\(")  # fmt: skip
        upward += [f"{path.relative_to(ROOT)}: {found.group()}" for path in sources(app) for found in pattern.finditer(path.read_text())]  # fmt: skip
    assert upward == []


def test_no_signal_and_no_state_set_by_hand():
    found = []
    for path in sources():
        text = path.read_text()
        found += [f"{path.relative_to(ROOT)}: {line}" for line in text.splitlines() if "@receiver" in line]
        if path != ROOT / "records" / "workflow.py":
            found += [f"{path.relative_to(ROOT)}: {hit}" for hit in re.findall(r"\.state = [^'].*", text)]
    assert found == []


def test_views_reach_objects_only_through_visible_to():
    """No manager is asked for a key in a view, and every view says which methods it takes."""
    careless, open_to_all = [], []
    for path, tree in trees():
        if "views" not in path.parts and path.name != "views.py":
            continue
        careless += [
            f"{path.relative_to(ROOT)}: {hit}" for hit in re.findall(r"\w+\.objects\.get\(.*", path.read_text())
        ]
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.args.args and node.args.args[0].arg == "request":
                decorators = " ".join(ast.unparse(d) for d in node.decorator_list)
                is_view = not node.name.startswith("_") and node.name in urls()
                if is_view and "require_" not in decorators:
                    open_to_all.append(f"{place(path, node)} {node.name}")
    assert careless == []
    assert open_to_all == []


def urls():
    """Names of all functions that an address leads to."""
    from django.urls import get_resolver

    found, waiting = set(), [get_resolver()]
    while waiting:
        for pattern in waiting.pop().url_patterns:
            if hasattr(pattern, "url_patterns"):
                waiting.append(pattern)
            else:
                found.add(getattr(pattern.callback, "__name__", ""))
    return found


def test_rows_are_locked_without_their_neighbours():
    careless = []
    for path in sources():
        for call in re.findall(r"select_for_update\((?:[^()]|\([^()]*\))*\)", path.read_text()):
            if "no_key=True" not in call or "of=(" not in call:
                careless.append(f"{path.relative_to(ROOT)}: {call}")
    assert careless == []


def test_services_say_what_they_do_and_take_no_request():
    silent, bound = [], []
    for path, tree in trees():
        if "services" not in path.parts and path.name != "services.py":
            continue
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                if not ast.get_docstring(node) and length(node) > 5:
                    silent.append(f"{place(path, node)} {node.name}")
                if any(argument.arg == "request" for argument in node.args.args + node.args.kwonlyargs):
                    bound.append(f"{place(path, node)} {node.name}")
    assert silent == []
    assert bound == []


def test_tasks_ring_only_after_commit():
    early = []
    for path in sources():
        if path.name != "tasks.py":  # a task rings for others outside of any transaction
            lines = [
                line.strip() for line in path.read_text().splitlines() if re.search(r"\.delay\(|\.apply_async\(", line)
            ]
            early += [f"{path.relative_to(ROOT)}: {line}" for line in lines if "on_commit" not in line]
    assert early == []


def templates():
    return sorted((ROOT / "templates").rglob("*.html"))


@pytest.mark.parametrize("path", templates(), ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_templates_hold_no_inline_code(path):
    text = path.read_text()
    assert not re.search(r"<script>|<style|\son\w+=|\sstyle=|javascript:", text)
    assert "|safe" not in text.replace("help_text|safe", "")  # Django's own help texts hold markup
    get_template(str(path.relative_to(ROOT / "templates")))


def test_every_template_is_used():
    text = "\n".join(p.read_text() for p in [*sources(*APPS, "config"), *templates()])
    known = ("allauth/", "account/", "mfa/", "usersessions/", "django/", "emails/", "admin/")
    names = [str(p.relative_to(ROOT / "templates")) for p in templates()]
    unused = [n for n in names if n not in text and not n.startswith(known) and not re.match(r"\d{3}(_\w+)?\.html", n)]
    assert unused == []


def test_settings_name_what_exists():
    doors = [*settings.INVITATION_ACCEPTED, *settings.HOME_URLS, *settings.TIMELINE_SENTENCES, *settings.FRAME_PARTS]
    doors += [*settings.REMINDER_RULES, *settings.HEALTH_PARTS]
    for name in [*doors, *settings.REMINDER_RULES, settings.STREAM_NAMES, settings.HOLDINGS]:
        assert import_string(name) is not None


OURS = [model for app in APPS for model in apps.get_app_config(app).get_models()]


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label)
def test_every_model_is_in_the_admin_and_protected(model):
    if not model.__name__.endswith("Event") or model.__name__ == "Event":  # history tables are read with their row
        assert model in admin.site._registry
    for field in model._meta.get_fields():
        if field.many_to_one and field.concrete and field.remote_field.on_delete.__name__ == "CASCADE":
            assert (model.__name__, field.name) in PARTS, f"{model.__name__}.{field.name} cascades"


#: Rows that are part of their parent.
PARTS = {("AssessmentFinding", "assessment"), ("ImportRow", "batch"), ("ScanPage", "scan")}


@pytest.mark.parametrize(
    "model", [m for m in OURS if not m.__module__.startswith("pghistory")], ids=lambda m: m._meta.label
)
def test_constraints_say_what_to_do(model):
    """A rule that a person can break carries a sentence."""
    typed = [c for c in model._meta.constraints if hasattr(c, "violation_error_message")]
    machine = (
        "event_", "link_", "file_", "look_", "finding_once", "import_row_", "invitation_code", "task_", "delivery_",
        "switch_", "preference_",
    )  # fmt: skip
    silent = [
        c.name
        for c in typed
        if c.violation_error_message == c.default_violation_error_message and not c.name.startswith(machine)
    ]
    assert silent == []
