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
