"""The one style sheet: its order, its address, its life in a cache."""

import gzip
import re

import pytest
from django.conf import settings
from django.template import engines
from django.urls import reverse

from config import css


@pytest.fixture
def address():
    return reverse("stylesheet", args=[css.bundle()[0]])


def test_holds_every_file_with_the_order_of_layers_first():
    digest, text = css.read()
    files = list((settings.BASE_DIR / "static" / "css").rglob("*.css"))
    assert text.startswith("@layer reset, tokens, base, layout, components, pages")
    assert len(re.findall(r"^@layer \w+ \{", text, re.MULTILINE)) >= len(files) - 1
    assert re.fullmatch(r"[0-9a-f]{12}", digest)
    assert "/*" not in text


def test_every_file_stays_in_a_layer_and_inside_the_house():
    for path in (settings.BASE_DIR / "static" / "css").rglob("*.css"):
        text = css.COMMENT.sub("", path.read_text("utf-8")).strip()
        assert text.startswith("@layer "), path
        assert "url(" not in text, f"{path} asks for another file"
        assert text.count("{") == text.count("}"), path


def test_colours_live_in_the_tokens_only():
    allowed = {"tokens.css", "print.css", "copy.css", "dialog.css", "steps.css"}  # paper is white, so is a code to scan
    for path in (settings.BASE_DIR / "static" / "css").rglob("*.css"):
        found = re.findall(r"#[0-9a-fA-F]{3,8}\b|oklch\(|rgba?\(", css.COMMENT.sub("", path.read_text("utf-8")))
        assert not found or path.name in allowed, f"{path}: {found}"


def test_serves_it_to_anybody_for_a_year(client, address):
    response = client.get(address)
    assert response.status_code == 200
    assert response["Content-Type"] == "text/css; charset=utf-8"
    assert "immutable" in response["Cache-Control"]
    assert "max-age=31536000" in response["Cache-Control"]
    assert response.content.decode() == css.bundle()[1]


def test_a_second_visit_costs_nothing(client, address):
    etag = client.get(address)["ETag"]
    again = client.get(address, headers={"if-none-match": etag})
    assert again.status_code == 304
    assert again.content == b""
    assert client.get(address, headers={"if-none-match": '"something-else"'}).status_code == 200


def test_another_digest_is_missing_and_nothing_is_posted(client, address):
    assert client.get(reverse("stylesheet", args=["0" * 12])).status_code == 404
    assert client.post(address).status_code == 405


def test_weighs_little_when_compressed(client, address):
    assert len(gzip.compress(client.get(address).content)) < 25_000


def test_the_page_for_errors_finds_it_without_a_request(address):
    page = engines["django"].get_template("500.html").render()
    assert address in page
    assert "Something broke on our side" in page


def test_a_developer_sees_a_change_at_the_next_reload(settings, tmp_path):
    settings.DEBUG = True
    folder = tmp_path / "static" / "css"
    folder.mkdir(parents=True)
    (folder / "layers.css").write_text("@layer base;")
    settings.BASE_DIR = tmp_path
    before = css.bundle()
    (folder / "a.css").write_text("@layer base { a { color: inherit; } }")
    assert css.bundle()[0] != before[0]
    assert css.bundle()[1].startswith("@layer base;")
