"""Pictures, drawn: for visits a hall in perspective with machines, lamps and people; scans of signed pages.

No photograph, no person.
"""

import io
from dataclasses import dataclass

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageDraw

from records.leaves import mark_of, picture_of

WIDTH, HEIGHT = 960, 640
FINE = 2  # drawn twice as large, then made smaller: smooth edges
HORIZON = 250

#: Wall, floor, machine, shade of the machine, light.
PALETTES = (
    ("#dfe6ec", "#b8c2ca", "#3f6f8f", "#2f5670", "#f2c14e"),
    ("#ece6da", "#c9bda8", "#5f7f5a", "#486247", "#f0a35e"),
    ("#e4e2ee", "#bdb9cd", "#6a5f96", "#514877", "#ffd27a"),
    ("#e8eceb", "#bccac6", "#b0603f", "#8c4a30", "#f6e27f"),
)
COATS = ("#27496d", "#8a3b2a", "#3a3f45", "#4b6b3c")


def shop_floor(random, name):
    """A JPEG of about 40 kB under `name`, as an upload; the same state of `random` draws the same picture."""
    picture = Image.new("RGB", (WIDTH * FINE, HEIGHT * FINE))
    hall = Hall(ImageDraw.Draw(picture), *random.choice(PALETTES))
    hall.room(random)
    things = hall.machine if random.random() < 0.6 else hall.shelf
    for depth in (0.15, 0.34, 0.62):
        for side in (-1, 1):
            things(side * random.uniform(0.6, 0.72), depth, random)
    for depth in sorted(random.uniform(0.2, 0.8) for _ in range(random.randint(2, 4))):
        hall.person(random.uniform(-0.3, 0.3), depth, random)
    out = io.BytesIO()
    picture.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).save(out, "JPEG", quality=80)
    return SimpleUploadedFile(name, out.getvalue(), "image/jpeg")


def signed_page(name, signatures):
    """The scan of a last page under `name`, as an upload: lines of text, and a hand and a stamp for each signature."""
    width, height = 620, 877
    picture = Image.new("RGB", (width, height), "#f7f5ef")
    draw = ImageDraw.Draw(picture)
    for line in range(18):
        end = width - 70 - (line * 37 % 90 if line % 5 == 4 else 0)
        draw.line((70, 90 + line * 24, end, 90 + line * 24), fill="#6b6b6b", width=5)
    for number in range(max(signatures, 1)):
        left, top = 90 + number % 2 * 270, 620 + number // 2 * 110
        draw.line((left, top + 60, left + 190, top + 60), fill="#6b6b6b", width=2)
        hand = [(left + 10 + 12 * step, top + 40 - (step * 17 % 29)) for step in range(13)]
        draw.line(hand, fill="#1c2f6b", width=3, joint="curve")
        draw.ellipse((left + 85, top - 30, left + 185, top + 70), outline="#c8352c", width=5)
        draw.regular_polygon((left + 135, top + 20, 16), 5, fill="#c8352c")
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=70)
    return SimpleUploadedFile(name, out.getvalue(), "image/jpeg")


@dataclass
class Hall:
    """Places are (across, depth): across from -1 to 1, depth from 0 at the far wall to 1 at the viewer."""

    draw: ImageDraw.ImageDraw
    wall: str
    ground: str
    body: str
    shade: str
    light: str

    def at(self, across, depth):
        """The point on the floor, and how large one unit is there."""
        scale = 0.32 + 0.68 * depth
        return WIDTH / 2 + across * WIDTH * 0.62 * scale, HORIZON + (HEIGHT - HORIZON) * depth**1.15, scale

    def box(self, left, top, right, bottom, fill, radius=0):
        corners = [round(value * FINE) for value in (left, top, right, bottom)]
        self.draw.rounded_rectangle(corners, radius * FINE, fill=fill)

    def shape(self, points, fill):
        self.draw.polygon([(x * FINE, y * FINE) for x, y in points], fill=fill)

    def room(self, random):
        self.box(0, 0, WIDTH, HORIZON, self.wall)
        self.box(0, HORIZON, WIDTH, HEIGHT, self.ground)
        for window in range(7):
            left = 60 + window * 124
            self.box(left, 70, left + 92, 160, "#f7fbff", 4)
            self.box(left + 44, 70, left + 48, 160, self.wall)
        far, near = self.at(0.34, 0.0), self.at(0.34, 1.0)
        aisle = [(WIDTH - far[0], far[1]), (far[0], far[1]), (near[0], near[1]), (WIDTH - near[0], near[1])]
        self.shape(aisle, "#d9dedb")
        for sign in (1, -1):
            line = [(WIDTH / 2 + sign * (x - WIDTH / 2) + shift, y) for x, y, shift in
                    ((far[0], far[1], 0), (far[0], far[1], 3), (near[0], near[1], 12), (near[0], near[1], 0))]  # fmt: skip
            self.shape(line, self.light)
        for lamp in range(5):
            middle = 120 + lamp * 180
            self.box(middle - 1, 0, middle + 1, 26, "#7a838b")
            self.shape([(middle - 12, 24), (middle + 12, 24), (middle + 34, 46), (middle - 34, 46)], "#5b646c")
            self.box(middle - 30, 46, middle + 30, 51, self.light, 2)

    def machine(self, across, depth, random):
        x, y, scale = self.at(across, depth)
        width, height = 210 * scale, 190 * scale
        left, top = x - width / 2, y - height
        self.box(left + 8 * scale, y - 30 * scale, left + width + 12 * scale, y + 7 * scale, "#97a09f", 8 * scale)
        self.box(left, top, left + width, y, self.body, 10 * scale)
        self.box(left, y - 34 * scale, left + width, y, self.shade, 6 * scale)
        self.box(left + 20 * scale, top + 24 * scale, left + 128 * scale, top + 108 * scale, "#cfe3ec", 6 * scale)
        self.box(left + 70 * scale, top + 24 * scale, left + 75 * scale, top + 108 * scale, self.shade)
        self.box(left + 146 * scale, top + 30 * scale, left + 192 * scale, top + 84 * scale, "#20303b", 4 * scale)
        self.box(left + 152 * scale, top + 38 * scale, left + 186 * scale, top + 62 * scale, "#8fd3c1", 2 * scale)
        lamp = random.choice(("#5fbf72", "#5fbf72", self.light))
        self.box(left + width - 26 * scale, top - 26 * scale, left + width - 16 * scale, top, lamp, 3 * scale)

    def shelf(self, across, depth, random):
        x, y, scale = self.at(across, depth)
        width, height = 200 * scale, 260 * scale
        left, top = x - width / 2, y - height
        for level in range(4):
            floor = top + (level + 1) * height / 4
            for place in range(3):
                tall = random.uniform(0.45, 0.8) * height / 4
                start = left + (10 + place * 62) * scale
                colour = random.choice(("#c79a63", "#b98a55", self.body, "#d9c39a"))
                self.box(start, floor - tall, start + 54 * scale, floor, colour, 2 * scale)
            self.box(left, floor - 3 * scale, left + width, floor + 4 * scale, self.shade)
        for post in (left, left + width - 7 * scale):
            self.box(post, top, post + 7 * scale, y, self.shade)

    def person(self, across, depth, random):
        x, y, scale = self.at(across, depth)
        coat = random.choice(COATS)
        self.box(x - 15 * scale, y - 62 * scale, x - 2 * scale, y, "#2b3036", 5 * scale)
        self.box(x + 2 * scale, y - 62 * scale, x + 15 * scale, y, "#2b3036", 5 * scale)
        self.box(x - 22 * scale, y - 128 * scale, x + 22 * scale, y - 54 * scale, coat, 12 * scale)
        self.box(x - 11 * scale, y - 156 * scale, x + 11 * scale, y - 128 * scale, "#e3bf9d", 10 * scale)
        self.box(x - 14 * scale, y - 162 * scale, x + 14 * scale, y - 144 * scale, self.light, 8 * scale)
        self.box(x - 17 * scale, y - 147 * scale, x + 17 * scale, y - 143 * scale, self.light, 2 * scale)


SEAL, PAPER = "#c0392b", (910, 1287)  # A4 at 110 dpi


def scanned(documents, hides=(), *, is_careless=False):
    """The bytes of a PDF: every sheet of `documents` with its code and a seal on the last, some turned upside down.

    The codes on the pages in `hides` (from 1) lie under a stain; scanned carelessly, an empty back lies where the last
    page should.
    """
    pages = []
    for document in documents:
        for leaf in range(1, document.leaves + 1):
            sheet = _sheet(document, leaf, len(pages) + 1 in hides)
            pages.append(sheet.rotate(180) if len(pages) % 3 == 1 else sheet)
    if is_careless:
        pages[-1] = Image.new("RGB", PAPER, "#fdfdfb")
    out = io.BytesIO()
    pages[0].save(out, "PDF", save_all=True, append_images=pages[1:], resolution=110)
    return out.getvalue()


def _sheet(document, leaf, is_stained):
    sheet = Image.new("RGB", PAPER, "#fdfdfb")
    pen = ImageDraw.Draw(sheet)
    for line in range(26 if leaf < document.leaves else 12):
        pen.rectangle((110, 110 + line * 36, 800 if line % 5 else 560, 118 + line * 36), fill="#8d8f94")
    if leaf == document.leaves:
        for left in (140, 520):
            pen.ellipse((left, 700, left + 190, 890), outline=SEAL, width=7)
            pen.regular_polygon((left + 95, 795, 34), 5, fill=SEAL)
    code = Image.open(io.BytesIO(picture_of(mark_of(document.code, leaf, document.leaves)))).convert("RGB")
    sheet.paste(code.resize((84, 84)), (720, 1160))
    if is_stained:
        pen.ellipse((700, 1140, 830, 1270), fill="#6b4a2b")
    return sheet
