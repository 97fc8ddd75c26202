"""docs/operations.md lists each setting, and nothing that is none."""

import re

from django.conf import settings


def test_the_table_lists_every_setting():
    source = (settings.BASE_DIR / "config" / "settings.py").read_text()
    read = set(re.findall(r'\benv\.\w+\(\s*"([A-Z][A-Z_]+)"', source))
    table = (settings.BASE_DIR / "docs" / "operations.md").read_text()
    listed = re.findall(r"^\| `([A-Z_]+)` \|", table, re.MULTILINE)
    assert len(listed) == len(set(listed)), "a setting is listed twice"
    assert set(listed) == read


def test_the_compose_file_names_known_settings():
    compose = (settings.BASE_DIR / "docker-compose.yml").read_text()
    given = re.search(r"environment: &environment\n((?:    .*\n)+)", compose)[1]
    names = set(re.findall(r"^    ([A-Z_]+):", given, re.MULTILINE))
    source = (settings.BASE_DIR / "config" / "settings.py").read_text()
    assert names >= {"SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL"}
    assert [name for name in names if f'"{name}"' not in source] == []


#: Settings that the containers fix themselves, or that belong to no server.
NOT_FOR_CONTAINERS = {"VAR_DIR", "STATIC_ROOT", "HTTPS", "DEMO", "DEBUG"}


def test_the_compose_file_hands_every_setting_on():
    compose = (settings.BASE_DIR / "docker-compose.yml").read_text()
    source = (settings.BASE_DIR / "config" / "settings.py").read_text()
    read = set(re.findall(r'\benv\.\w+\(\s*"([A-Z][A-Z_]+)"', source)) - NOT_FOR_CONTAINERS
    assert [name for name in sorted(read) if f"\n    {name}:" not in compose] == []


def test_the_image_holds_every_app():
    let_in = set(re.findall(r"^!(\S+)", (settings.BASE_DIR / ".dockerignore").read_text(), re.MULTILINE))
    ours = {app for app in settings.INSTALLED_APPS if (settings.BASE_DIR / app / "__init__.py").exists()}
    assert ours >= {"records", "reminders", "partnerships"}
    assert ours | {"config", "templates", "static", "locale", "manage.py"} <= let_in
