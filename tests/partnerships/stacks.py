"""Scanned stacks for tests: pages with lines and the code of a sheet in the corner, turned and blotted as told."""

import io
from random import Random

from PIL import Image, ImageDraw

from records.leaves import mark_of, picture_of

WIDE, HIGH = 1240, 1754  # A4 at 150 dpi


def page(code, leaf, leaves, *, turn=0, is_blotted=False):
    """A page turned clockwise by `turn` degrees; blotted, its code cannot be read."""
    sheet = Image.new("L", (WIDE, HIGH), 255)
    pen = ImageDraw.Draw(sheet)
    for height in range(150, 1500, 42):
        pen.line((150, height, 1100, height), fill=90, width=3)
    code = Image.open(io.BytesIO(picture_of(mark_of(code, leaf, leaves)))).convert("L").resize((100, 100))
    sheet.paste(code, (980, 1600))
    if is_blotted:
        pen.rectangle((960, 1580, 1100, 1720), fill=0)
    return sheet.rotate(-turn, expand=True, fillcolor=255)


def back(draw=None):
    """The back of a sheet: a scanner's dust and the shadow of its edge, and what `draw`(pen) leaves on it."""
    sheet = Image.new("L", (WIDE, HIGH), 244)
    pen = ImageDraw.Draw(sheet)
    dice = Random(7)
    for _speck in range(60):
        pen.point((dice.randrange(WIDE), dice.randrange(HIGH)), fill=0)
    pen.rectangle((0, 0, 30, HIGH), fill=60)
    if draw is not None:
        draw(pen)
    return sheet


def pdf(pages):
    out = io.BytesIO()
    pages[0].save(out, "PDF", save_all=True, append_images=pages[1:], resolution=150)
    return out.getvalue()
