"""The pictures of the README, taken from the demonstration: PICTURES=1 make e2e writes them to docs/pictures."""

import io
import os

import pytest
from PIL import Image

from tests.smoke.machine import ROOT

FOLDER = ROOT / "docs" / "pictures"
MOST_BYTES = 150_000
#: Name -> role, URL name, language, width.
PICTURES = {
    "today-en-1280.png": ("officer", "reports:today", "en", 1280),
    "partner-zh-360.png": ("officer", "partnerships:enterprise_detail", "zh-hans", 360),
    "import-zh-1280.png": ("officer", "partnerships:import_detail", "zh-hans", 1280),
    "link-zh-360.png": ("", "partnerships:link", "zh-hans", 360),
}


@pytest.mark.parametrize("name", PICTURES)
def test_picture(visitors, places, tmp_path, name):
    role, page, language, width = PICTURES[name]
    visitor = visitors(language=language, width=width)
    if role:
        visitor.sign_in(places["accounts"][role][0])
    visitor.open(places["pages"][role][page])
    visitor.page.wait_for_load_state("networkidle")
    shot = Image.open(io.BytesIO(visitor.page.screenshot()))
    file = (FOLDER if os.environ.get("PICTURES") else tmp_path) / name
    shot.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(file, optimize=True)
    assert shot.width == width
    assert 5_000 < file.stat().st_size <= MOST_BYTES
    if not os.environ.get("PICTURES"):
        assert (FOLDER / name).stat().st_size <= MOST_BYTES
