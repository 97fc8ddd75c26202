"""Opens one workbook in a process of its own; records.sheets starts it, nothing else imports it.

The reader (calamine) trusts numbers written in the file: a shared-string count or a sector chain in a file of one
kilobyte makes it ask for more memory than there is, and that ends the process it runs in. So it runs here, under
limits of memory and processor time set by the operating system. Standard library and calamine only: no Django.

In: the bytes of an .xlsx or .xls file on standard input. Out: one JSON object on standard output, either
{"unreadable": code, "params": {…}} or {"sheets": […]}; see `sheet_as_json`.
"""

import contextlib
import datetime
import io
import json
import re
import struct
import sys
import zipfile
import zlib
from xml.parsers import expat

MAX_ROWS = 50_000
MAX_COLUMNS = 200
MAX_CELLS = 2_000_000  # of all sheets, empty ones between the filled ones included
MAX_SHEETS = 200
MAX_ENTRIES = 5_000
MAX_UNPACKED = 256 * 1024 * 1024
MAX_RATIO = 200  # beyond it only for parts under 8 MB
SMALL_PART = 8 * 1024 * 1024
MEMORY = 1536 * 1024 * 1024
SECONDS = 20

ERRORS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A"}
COMPOUND_FILE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class Refused(Exception):
    """The file is not read; the code says why, records.sheets has the sentence."""

    def __init__(self, code: str, **params):
        super().__init__(code)
        self.code, self.params = code, params


class Found:
    """What calamine leaves out of one sheet: errors, hidden rows, formulas without a stored result."""

    def __init__(self):
        self.errors: dict[tuple[int, int], str] = {}
        self.hidden_rows: set[int] = set()
        self.unsaved_formulas = 0
        self.height = self.width = 0

    def reach(self, row: int, column: int) -> None:
        if row >= self.height:
            if row >= MAX_ROWS:
                raise Refused("too_many_rows", limit=MAX_ROWS)
            self.height = row + 1
        if column >= self.width:
            if column >= MAX_COLUMNS:
                raise Refused("too_many_columns", limit=MAX_COLUMNS)
            self.width = column + 1


# .xlsx


class Package:
    """The zip of an .xlsx, unpacked under a budget that counts real bytes, not the sizes the directory declares."""

    def __init__(self, data: bytes):
        self.data = data
        try:
            infos = zipfile.ZipFile(io.BytesIO(data)).infolist()
        except (zipfile.BadZipFile, ValueError, OverflowError, EOFError, struct.error, NotImplementedError) as error:
            raise Refused("damaged") from error
        if len(infos) > MAX_ENTRIES or sum(info.file_size for info in infos) > MAX_UNPACKED:
            raise Refused("bomb")
        self.infos = {info.filename.replace("\\", "/").lstrip("/").lower(): info for info in infos}
        if len(self.infos) != len(infos):
            raise Refused("damaged")  # the same part twice: two readers may each see another one
        if any(info.flag_bits & 1 for info in infos):
            raise Refused("encrypted")
        self.budget = MAX_UNPACKED

    def chunks(self, name: str):
        """Yields the part's real content; stops the file when it exceeds the budget or the ratio."""
        info = self.infos[name]
        head = self.data[info.header_offset : info.header_offset + 30]
        if len(head) < 30 or head[:4] != b"PK\x03\x04":
            raise Refused("damaged")
        start = info.header_offset + 30 + sum(struct.unpack("<HH", head[26:30]))
        packed = memoryview(self.data)[start : start + info.compress_size]
        size = 0
        for chunk in _inflate(packed, info.compress_type):
            size += len(chunk)
            self.budget -= len(chunk)
            if self.budget < 0 or (size > SMALL_PART and size > MAX_RATIO * max(1, len(packed))):
                raise Refused("bomb")
            yield chunk
        if size != info.file_size:
            raise Refused("damaged")

    def parse(self, name: str, start=None, end=None, text=None) -> None:
        """Runs a part through expat; a document type (the door of entity bombs) is refused."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.ordered_attributes = False
        parser.StartDoctypeDeclHandler = _no_document_type
        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.CharacterDataHandler = text
        try:
            for chunk in self.chunks(name):
                parser.Parse(chunk, False)
            parser.Parse(b"", True)
        except (expat.ExpatError, ValueError, LookupError) as error:
            raise Refused("damaged") from error


def _inflate(packed, method: int):
    if method == zipfile.ZIP_STORED:
        for at in range(0, len(packed), 1 << 16):
            yield bytes(packed[at : at + (1 << 16)])
        return
    if method != zipfile.ZIP_DEFLATED:
        raise Refused("damaged")
    stream = zlib.decompressobj(-15)
    try:
        chunk = stream.decompress(packed, 1 << 16)
        while chunk:
            yield chunk
            chunk = stream.decompress(stream.unconsumed_tail, 1 << 16)
    except zlib.error as error:
        raise Refused("damaged") from error


def _no_document_type(*_args):
    raise Refused("damaged")


def look_into_xlsx(data: bytes) -> dict[str, Found]:
    """What calamine does not tell, per sheet name. Raises Refused before calamine touches a hostile file."""
    package = Package(data)
    if "xl/workbook.xml" not in package.infos:
        raise Refused(_other_package(package.infos))
    names = sheet_names_by_part(package)
    found = {}
    for part in package.infos:
        if not part.endswith((".xml", ".rels")):
            continue
        if part in names or part.startswith("xl/worksheets/sheet"):
            found[names.get(part, part)] = look_into_sheet(package, part)
        elif part == "xl/sharedstrings.xml":
            check_shared_strings(package, part)
        else:
            package.parse(part)
    return found


def _other_package(parts) -> str:
    if "word/document.xml" in parts or "ppt/presentation.xml" in parts:
        return "document"
    if "xl/workbook.bin" in parts or "content.xml" in parts:
        return "other_spreadsheet"
    return "not_a_list"


def sheet_names_by_part(package: Package) -> dict[str, str]:
    """{part of the package: sheet name}."""
    targets, names = {}, {}

    def relation(tag, attributes):
        if tag.rpartition(":")[2] == "Relationship":
            targets[attributes.get("Id")] = attributes.get("Target", "")

    def sheet(tag, attributes):
        if tag.rpartition(":")[2] == "sheet":
            for key, value in attributes.items():
                if key.rpartition(":")[2] == "id":
                    names[value] = attributes.get("name", "")

    if "xl/_rels/workbook.xml.rels" in package.infos:
        package.parse("xl/_rels/workbook.xml.rels", relation)
    package.parse("xl/workbook.xml", sheet)
    if len(names) > MAX_SHEETS:
        raise Refused("too_many_sheets", limit=MAX_SHEETS)
    parts = {}
    for key, name in names.items():
        target = targets.get(key, "").replace("\\", "/")
        part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        parts[part.lower()] = name
    return parts


def check_shared_strings(package: Package, part: str) -> None:
    """The count is believed by the reader, which reserves as much: it must fit the strings that are there."""
    declared, strings = [], [0]

    def start(tag, attributes):
        tag = tag.rpartition(":")[2]
        if tag == "si":
            strings[0] += 1
        elif tag == "sst":
            declared.append(attributes.get("uniqueCount", "0").strip())

    package.parse(part, start)
    for number in declared:
        if not number.isdigit() or len(number) > 9 or int(number) > 2 * strings[0] + 1_000:
            raise Refused("damaged")


def look_into_sheet(package: Package, part: str) -> Found:
    """One pass over the sheet's elements, the quick way or the thorough one."""
    if found := look_quickly(b"".join(package.chunks(part))):
        return found
    walk = SheetWalk()
    package.parse(part, walk.start, walk.end, walk.characters)
    return walk.found


class SheetWalk:
    """Follows the elements of a sheet; the position of cells that leave out theirs is counted."""

    def __init__(self):
        self.found = Found()
        self.row, self.column = -1, -1
        self.is_error = self.has_formula = self.has_value = False
        self.text: list[str] | None = None

    def start(self, tag, attributes):
        tag = tag.rpartition(":")[2]
        if tag == "row":
            number = attributes.get("r")
            self.row, self.column = (self.row + 1 if number is None else whole(number) - 1), -1
            if attributes.get("hidden") in ("1", "true") and self.row < MAX_ROWS:
                self.found.hidden_rows.add(self.row)
        elif tag == "c":
            self.begin_cell(attributes)
        elif tag == "f":
            self.has_formula = True
        elif tag in ("v", "is"):
            self.has_value = True
            self.found.reach(self.row, self.column)  # not at <c>: formats without a value often run to the last row
            self.text = [] if self.is_error else None

    def begin_cell(self, attributes):
        place = attributes.get("r")
        self.row, self.column = (self.row, self.column + 1) if place is None else position(place)
        self.is_error = attributes.get("t") == "e"
        self.has_formula = self.has_value = False

    def characters(self, data):
        if self.text is not None:
            self.text.append(data)

    def end(self, tag):
        tag = tag.rpartition(":")[2]
        if tag == "v" and self.text is not None:
            self.found.errors[self.row, self.column] = "".join(self.text).strip()[:20] or "#N/A"
            self.text = None
        elif tag == "c" and self.has_formula and not self.has_value:
            self.found.unsaved_formulas += 1


#: The plain form in which Excel, WPS and the common libraries write a sheet; anything else goes through expat.
UNUSUAL = (
    b"<!",
    b"\0",
    b":c ",
    b":c>",
    b":row",
    b"<c>",
    b"<c\t",
    b"<c\r",
    b"<c\n",
    b"<row>",
    b"<row\t",
    b"<row\n",
    b"<row\r",
)
ROW_TAG = re.compile(rb'<row r="([0-9]{1,7})"')
CELL_TAG = re.compile(rb'<c r="[A-Z]{1,3}[0-9]{1,7}"[ />]')
LAST_CELL = re.compile(rb'<c r="([A-Z]{1,3}[0-9]{1,7})"')
VALUE_CELL = re.compile(rb'<c r="([A-Z]{1,3})[0-9]{1,7}"[^<>]*(?<!/)><[vfi]')
HIDDEN_ROW = re.compile(rb'<row r="([0-9]{1,7})"[^<>]*\bhidden="(?:1|true)"')
ERROR_CELL = re.compile(
    rb'<c r="([A-Z]{1,3}[0-9]{1,7})"[^<>]*\bt="e"[^<>]*>(?:<f\b[^<>]*/>|<f\b[^<>]*>[^<>]*</f>)?<v>([^<>]*)</v>'
)
UNSAVED_FORMULA = re.compile(rb"(?:</f>|<f\b[^<>]*/>)(?:<v\s*/>|<v></v>)?</c>")


def look_quickly(xml: bytes) -> Found | None:
    """The same as look_into_sheet, in a quarter of the time; None when the sheet is not in the plain form."""
    tags = xml.count(b"<row"), xml.count(b"<c ")
    if any(sign in xml for sign in UNUSUAL):
        return None
    if (len(ROW_TAG.findall(xml)), len(CELL_TAG.findall(xml))) != tags or b"</worksheet>" not in xml[-400:]:
        return None
    found = Found()
    for letters in set(VALUE_CELL.findall(xml)):
        found.reach(0, position(letters.decode() + "1")[1])
    last_value = max(xml.rfind(b"<v>"), xml.rfind(b"<is>"), xml.rfind(b"</f>"))
    if last := LAST_CELL.match(xml, xml.rfind(b"<c r=", 0, max(0, last_value))):
        found.reach(*position(last[1].decode()))
    for number in HIDDEN_ROW.findall(xml):
        found.hidden_rows.add(int(number) - 1)
    for place, error in ERROR_CELL.findall(xml) if b't="e"' in xml else ():
        found.errors[position(place.decode())] = error.decode("utf-8", "replace").strip()[:20] or "#N/A"
    found.unsaved_formulas = len(UNSAVED_FORMULA.findall(xml))
    return found


PLACE = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})")
_letters: dict[str, int] = {}


def position(place: str) -> tuple[int, int]:
    match = PLACE.fullmatch(place)
    if not match:
        raise Refused("damaged")
    letters = match[1]
    column = _letters.get(letters)
    if column is None:
        column = 0
        for letter in letters.upper():
            column = column * 26 + ord(letter) - 64
        _letters[letters] = column
    return int(match[2]) - 1, column - 1


def whole(number: str) -> int:
    if not number.isdigit() or len(number) > 9 or number == "0":
        raise Refused("damaged")
    return int(number)


# .xls


class CompoundFile:
    """The streams of an OLE file; every chain is followed at most once around."""

    def __init__(self, data: bytes):
        shift, fat_start = struct.unpack_from("<H", data, 30)[0], 76
        if shift not in (9, 12):
            raise Refused("damaged")
        self.data, self.size = data, 1 << shift
        directory, mini_start, mini_count, more, _count = (
            struct.unpack_from("<I", data, 48)[0],
            *struct.unpack_from("<IIII", data, 60),
        )
        if (
            struct.unpack_from("<I", data, 44)[0] > len(data) // self.size + 1
            or mini_count > len(data) // self.size + 1
        ):
            raise Refused("damaged")
        sectors = [n for n in struct.unpack_from("<109I", data, fat_start) if n < 0xFFFFFFFA]
        seen = set()
        while more < 0xFFFFFFFA and more not in seen:
            seen.add(more)
            entries = struct.unpack(f"<{self.size // 4}I", self.sector(more))
            sectors.extend(n for n in entries[:-1] if n < 0xFFFFFFFA)
            more = entries[-1]
        if len(set(sectors)) != len(sectors) or len(sectors) * self.size > len(data):
            raise Refused("damaged")
        self.fat = [n for s in sectors for n in struct.unpack(f"<{self.size // 4}I", self.sector(s))]
        self.entries = self.directory(self.chain(directory))
        root = self.entries.get("root entry", (0, 0))
        self.mini = self.chain(root[0])[: root[1]] if mini_count else b""
        table = self.chain(mini_start) if mini_count else b""
        self.mini_fat = list(struct.unpack(f"<{len(table) // 4}I", table[: len(table) // 4 * 4]))

    def sector(self, number: int) -> bytes:
        start = (number + 1) * self.size
        return self.data[start : start + self.size].ljust(self.size, b"\0")

    def chain(self, number: int) -> bytes:
        return self._follow(number, self.fat, self.sector)

    def _follow(self, number: int, table: list[int], sector) -> bytes:
        parts, seen = [], set()
        while number < 0xFFFFFFFA:
            if number in seen or number >= len(table):
                raise Refused("damaged")
            seen.add(number)
            parts.append(sector(number))
            number = table[number]
        return b"".join(parts)

    @staticmethod
    def directory(data: bytes) -> dict[str, tuple[int, int]]:
        entries = {}
        for at in range(0, len(data) - 127, 128):
            length = struct.unpack_from("<H", data, at + 64)[0]
            if data[at + 66] and 2 <= length <= 64:
                name = data[at : at + length - 2].decode("utf-16-le", "replace").lower()
                entries.setdefault(name, struct.unpack_from("<II", data, at + 116))
        return entries

    def stream(self, name: str) -> bytes:
        start, size = self.entries[name]
        if size < 4096:
            chain = self._follow(start, self.mini_fat, lambda n: self.mini[n * 64 : n * 64 + 64])
        else:
            chain = self.chain(start)
        return chain[:size]


def look_into_xls(data: bytes) -> dict[str, Found]:
    """Walks the records of the workbook stream: places, hidden rows, errors; encryption is refused."""
    try:
        book = CompoundFile(data)
        if "encryptedpackage" in book.entries:
            raise Refused("encrypted")
        name = next((name for name in ("workbook", "book") if name in book.entries), None)
        if name is None:
            document = {"worddocument", "powerpoint document"} & set(book.entries)
            raise Refused("document" if document else "not_a_list")
        return walk_records(book.stream(name))
    except (struct.error, IndexError) as error:
        raise Refused("damaged") from error


def walk_records(stream: bytes) -> dict[str, Found]:
    names: dict[int, str] = {}
    found: dict[str, Found] = {}
    here = Found()
    at, end = 0, len(stream)
    while at + 4 <= end:
        kind, size = struct.unpack_from("<HH", stream, at)
        body = at + 4
        if body + size > end:
            break
        if kind == 0x0085 and size >= 8:
            offset, characters, flags = *struct.unpack_from("<I", stream, body), stream[body + 6], stream[body + 7]
            raw = stream[body + 8 : body + 8 + characters * (2 if flags & 1 else 1)]
            names[offset] = raw.decode("utf-16-le" if flags & 1 else "latin-1", "replace")
            if len(names) > MAX_SHEETS:
                raise Refused("too_many_sheets", limit=MAX_SHEETS)
        elif kind in (0x0809, 0x0409, 0x0209, 0x0009):
            here = found.setdefault(names.get(at, ""), Found())
        elif kind == 0x002F:
            raise Refused("encrypted")
        elif kind == 0x00FC and size >= 8 and struct.unpack_from("<I", stream, body + 4)[0] > end:
            raise Refused("damaged")  # more strings than bytes
        elif kind in CELL_RECORDS and size >= 4:
            note_cell(here, kind, stream[body : body + size])
        at = body + size
    return found


#: MULRK and MULBLANK hold a run of columns, ROW a height and flags; the others one cell.
CELL_RECORDS = {0x0006, 0x0201, 0x0203, 0x0204, 0x0205, 0x027E, 0x00FD, 0x00D6, 0x00BD, 0x00BE, 0x0208, 0x0406, 0x0206}


def note_cell(found: Found, kind: int, body: bytes) -> None:
    row, column = struct.unpack_from("<HH", body)
    if kind == 0x0208:
        if len(body) >= 14 and body[12] & 0x20:
            found.hidden_rows.add(row)
        return
    if kind in (0x00BD, 0x00BE):
        column = struct.unpack_from("<H", body, len(body) - 2)[0]
    found.reach(row, column)
    if kind == 0x0205 and len(body) >= 8 and body[7]:
        found.errors[row, column] = ERRORS.get(body[6], "#N/A")
    elif kind in (0x0006, 0x0406, 0x0206) and len(body) >= 14 and body[12:14] == b"\xff\xff" and body[6] == 2:
        found.errors[row, column] = ERRORS.get(body[8], "#N/A")


# Both


def read(data: bytes) -> dict:
    """Checks, then reads. Raises Refused; whatever else goes wrong inside calamine counts as damage."""
    found = look_into_xls(data) if data.startswith(COMPOUND_FILE) else look_into_xlsx(data)
    cells = sum(sheet.height * sheet.width for sheet in found.values())
    if cells > MAX_CELLS:
        raise Refused("too_many_cells", limit=MAX_CELLS)
    from python_calamine import CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        return {
            "sheets": [
                sheet_as_json(
                    book.get_sheet_by_name(meta.name),
                    meta.visible is not SheetVisibleEnum.Visible,
                    found.get(meta.name) or Found(),
                )
                for meta in book.sheets_metadata
                if meta.typ is SheetTypeEnum.WorkSheet
            ]
        }
    except PasswordError as error:
        raise Refused("encrypted") from error
    except (Refused, KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # a panic inside the reader is no Exception
        raise Refused("damaged") from error


def sheet_as_json(sheet, hidden: bool, found: Found) -> dict:
    """{"name", "hidden", "hidden_rows", "unsaved_formulas", "merged", "rows"}; dates, times and errors are tagged."""
    rows = []
    if sheet.start is not None:
        found.reach(sheet.end[0], sheet.end[1])  # once more, for places that are not in order
        rows = sheet.to_python(skip_empty_area=False)
    for (row, column), error in found.errors.items():
        if row < len(rows) and column < len(rows[row]):
            rows[row][column] = {"error": error}
    return {
        "name": sheet.name,
        "hidden": hidden,
        "hidden_rows": sorted(found.hidden_rows),
        "unsaved_formulas": found.unsaved_formulas,
        "merged": [[*start, *end] for start, end in sheet.merged_cell_ranges or []][:100_000],
        "rows": rows,
    }


def tagged(value):
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return {"moment" if isinstance(value, datetime.datetime) else type(value).__name__: value.isoformat()}
    if isinstance(value, datetime.timedelta):
        return {"duration": value.total_seconds()}
    return {"text": str(value)}


def limit_resources() -> None:
    try:
        import resource
    except ImportError:  # no such limits on this system: the time limit of the parent remains
        return
    for limit, value in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_CORE, 0)):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(limit, (value, value))


def main() -> None:
    limit_resources()
    try:
        answer = read(sys.stdin.buffer.read())
    except Refused as refusal:
        answer = {"unreadable": refusal.code, "params": refusal.params}
    except (MemoryError, RecursionError):
        answer = {"unreadable": "too_heavy", "params": {}}
    sys.stdout.write(json.dumps(answer, default=tagged))


if __name__ == "__main__":
    main()
