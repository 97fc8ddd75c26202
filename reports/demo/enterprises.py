"""The partners of the demonstration, read from data/enterprises.csv, with what is invented beside them."""

import csv
from dataclasses import dataclass
from pathlib import Path

from stdnum.cn import uscc

from reports.demo import cast

FILE = Path(__file__).parent / "data" / "enterprises.csv"
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
#: Kind of licence: the first two characters of the code.
REGISTERED_AS = {"public": "12", "other": "91"}


@dataclass
class Person:
    """Somebody at a partner."""

    name: str
    position: str
    honorific: str
    phones: list
    flags: tuple
    has_email: bool


@dataclass
class Firm:
    """One row of the file."""

    name: str
    name_en: str
    short: str
    address: str
    industry: str
    ownership: str
    size: str
    headcount: int | None
    tier: int
    department: str
    trade: str
    rhythm: str
    origin: str


def firms():
    """Every partner of the file, in its order."""
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [Firm(**row | {"tier": int(row["tier"]), "headcount": int(row["headcount"] or 0) or None}) for row in rows]


def code(random, region, ownership):
    """A unified social credit code that nobody carries, with both check characters right (GB 32100, GB 11714)."""
    organisation = "MA" + "".join(random.choice(ALPHABET[10:]) for _ in range(1)) + f"{random.randrange(10**5):05d}"
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    rest = 11 - sum(letters.index(c) * weight for c, weight in zip(organisation, weights, strict=True)) % 11
    organisation += {10: "X", 11: "0"}.get(rest, str(rest))
    body = REGISTERED_AS.get(ownership, "91") + region + organisation
    return body + uscc.calc_check_digit(body)


def person(random, position):
    """Somebody with this position: a name, a way to be addressed, one to three phones."""
    surname, given = random.choice(cast.SURNAMES), random.choice(cast.GIVEN)
    title, flags = cast.POSITIONS[position]
    phones = [mobile(random)]
    if random.random() < 0.35:
        phones.append(f"0571-8800{random.randrange(10**4):04d}" + random.choice(("", "转802", "转615")))
    if random.random() < 0.1:
        phones.append(mobile(random))
    return Person(surname + given, position, surname + title, phones, flags, random.random() < 0.25)


def mobile(random):
    """A number in a block that stands for nobody."""
    return f"1{random.choice(('35', '36', '37', '38', '39', '58', '59', '87'))}0000{random.randrange(10**4):04d}"


def positions(random, trade, size):
    """Who one speaks to there: the larger, the more."""
    first = "门店店长" if trade == "retail" and random.random() < 0.5 else random.choice(("人事经理", "人力资源部主管"))
    mentors = {
        "machine": "车间主任", "electronics": "生产部经理", "auto": "班组长", "software": "技术总监", "care": "护理部主任",
    }  # fmt: skip
    others = [mentors.get(trade, "培训主管"), random.choice(("行政总监", "副总经理")), "财务主管"]
    return [first, *others[: {"large": 3, "medium": 2, "small": 1}.get(size, 0)]]
