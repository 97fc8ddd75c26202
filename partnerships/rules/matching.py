"""How well an offer suits a need, or a partner a department's wish: parts with their weights, over plain values.

A suggestion is never a bare figure: each part says by itself how much of its weight it brings, and why is said beside
it (partnerships.suggestions). What stands first is the sum.
"""

from dataclasses import dataclass

from partnerships.rules.obligations import kept_record

#: What each part counts for at most.
WEIGHTS = {"trade": 40, "distance": 20, "fit": 15, "capacity": 15, "record": 10}
#: Kind of a need -> kinds of offers that can meet it.
ANSWERED_BY = {
    "interns": ("students",),
    "graduates": ("students",),
    "research": ("expertise", "patent", "service", "laboratory"),
    "training": ("training", "expertise"),
    "equipment": ("laboratory",),
    "lecturers": ("expertise", "training"),
}
#: How close specialty and industry are (3 its own trade … 0 nothing known) -> share of the weight.
TRADE = {3: 1.0, 2: 0.6, 1: 0.3, 0: 0.0}
SAME_SPECIALTY, SAME_CATEGORY, NOTHING_NAMED, STRANGE = 1.0, 0.6, 0.4, 0.1
CITY, PROVINCE, ELSEWHERE, UNKNOWN = "city", "province", "elsewhere", "unknown"
#: Local first.
DISTANCE = {CITY: 1.0, PROVINCE: 0.6, UNKNOWN: 0.3, ELSEWHERE: 0.15}
#: Interns are to be at most a tenth of the people there (教职成〔2021〕4号 Art. 9, “generally”): up to one in ten fits
#: well, up to one in five barely. In thousandths of the headcount -> share.
ROOM = ((100, 1.0), (200, 0.5))
CROWDED = 0.1
#: Where the headcount is not known.
BY_SIZE = {"large": 1.0, "medium": 0.8, "small": 0.5, "micro": 0.2, "": 0.4}
OTHER_LEVEL = 0.2
#: Where nobody has written down how many a partner takes.
ROOM_UNKNOWN = 0.5
#: Days since the last contact -> share; kept promises count for the rest of the part.
CONTACT = ((90, 1.0), (365, 0.5))
OF_PROMISES = 0.7
NO_PROMISES = 0.5


@dataclass(frozen=True)
class Part:
    """One reason: its name in WEIGHTS, how much of the weight it brings (0 to 1), and the sentence that says why."""

    name: str
    share: float
    why: object = ""

    @property
    def points(self):
        return WEIGHTS[self.name] * self.share


def total(parts):
    """What the suggestions are ordered by: 0 to 100."""
    return round(sum(part.points for part in parts), 3)


def distance(home, there):
    """How far the region `there` lies from `home`, both codes of GB/T 2260: city, province, elsewhere, unknown."""
    if not there:
        return UNKNOWN
    if there == home:
        return CITY
    return PROVINCE if there[:2] == home[:2] else ELSEWHERE


def trade_between(wanted, offered, closeness):
    """Of two lists of specialties: the same one, the same category, or how close the offered ones are to the industry.

    Codes of specialties begin with that of their category. `closeness` is 0 to 3 where industry and category are known.
    """
    if wanted and offered:
        if set(wanted) & set(offered):
            return SAME_SPECIALTY
        return SAME_CATEGORY if {code[:2] for code in wanted} & {code[:2] for code in offered} else STRANGE
    if closeness:
        return TRADE[closeness]
    return STRANGE if offered and closeness == 0 else NOTHING_NAMED


def fit_of_level(wanted, offered):
    return 1.0 if not wanted or not offered or wanted == offered else OTHER_LEVEL


def fit_of_size(number, headcount, size):
    """Whether an enterprise of this size has room for `number` people; 1 where no number is wanted."""
    if not number:
        return 1.0
    if not headcount:
        return BY_SIZE.get(size, BY_SIZE[""])
    return next((share for most, share in ROOM if number * 1000 <= headcount * most), CROWDED)


def room(number, capacity, taken):
    """How much of what is wanted is still free: 1 where nothing limits it, or some is left and no number is wanted."""
    if capacity is None:
        return 1.0
    free = max(capacity - taken, 0)
    if not number:
        return 1.0 if free else 0.0
    return min(free / number, 1.0)


def record(counts, days):
    """Kept promises (counts by state as in rules.obligations.kept_record) and the days since the last contact."""
    kept = kept_record(counts)["share"]
    promises = NO_PROMISES if kept is None else kept / 100
    contact = 0.0 if days is None else next((share for most, share in CONTACT if days <= most), 0.0)
    return round(OF_PROMISES * promises + (1 - OF_PROMISES) * contact, 3)
