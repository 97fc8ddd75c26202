"""Names of enterprises and people: folding, comparing, sorting and searching, by characters, pinyin and initials.

Search. An enterprise keeps two columns: `grams` (text[] under GIN, asked with @>) finds candidates, `search_text`
checks them. A gram's first character says what it is part of:

    恒  恒力      one and two characters of a name
    ^h ^hl ^hlz   one to three successive initials of a name
    ~he ~hen      the first two letters of each syllable, and every three letters of the joined pinyin
    #9 #91 #913   the first one and two letters of each Latin word or code, and every three letters of it

A name of 12 characters with a code makes about 130 grams of 2 to 4 characters (0.5 kB), 50,000 enterprises 6.5 million
postings. A query makes a few conditions, joined by OR; each is a list of grams that must all be there (@>) and the
parts longer than a gram that `search_text` must contain besides (LIKE on the few candidates).
"""

import re
import unicodedata
from collections import OrderedDict
from functools import cache, lru_cache
from itertools import product
from typing import NamedTuple

from pypinyin.constants import PHRASES_DICT, PINYIN_DICT
from pypinyin.contrib.tone_convert import to_normal

from policies.rules import short_name
from policies.tables import region_names

_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_IS_HAN = re.compile(f"[{_HAN}]")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\ud800-\udfff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_DOT = re.compile(rf"(?<=[{_HAN}])\s*[·•．‧∙⋅・･·﹒]\s*(?=[{_HAN}])")
_SPACE = re.compile(r"\s+")

# --- folding -----------------------------------------------------------------------------------------------------


def fold(text):
    """One spelling for display and storage: half width, single spaces, nothing invisible.

    Between Chinese characters the dots of foreign names become · (阿卜杜拉·买买提); brackets become （） in a text with
    Chinese characters and () in one without. Characters of any plane stay (𠮷). Folding twice changes nothing.
    """
    text = _INVISIBLE.sub("", str(text or ""))
    text = _DOT.sub("·", text)
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    text = _DOT.sub("·", text)
    text = _SPACE.sub(" ", text).strip()
    if _IS_HAN.search(text):
        return text.replace("(", "（").replace(")", "）")
    return text.replace("（", "(").replace("）", ")")


def name_key(text):
    """The key under which two spellings of one name are equal: folded, lower case, letters and digits only."""
    return "".join(c for c in fold(text).casefold() if c.isalnum() or unicodedata.category(c)[0] == "M")


_PARTNERSHIP = re.compile(r"[（(](?:特殊)?(?:普通|有限)合伙[）)]")
_LEGAL_FORM = re.compile(
    r"(?:股份)?(?:有限)?责任公司|(?:股份)?有限(?:总)?公司|股份公司|(?:集团|总)公司|集团股份|"
    r"(?:有限|普通)?合伙企业|个人独资企业|个体工商户|(?<!分)(?<!子)公司$|集团(?=股份|有限|总?公司|$)"
)
_BRACKETS = re.compile(r"[（(]([^（）()]*)[）)]")
#: Regions whose short name is a common word of trade names count only with 市 behind them.
_COMMON_WORDS = {"东方", "新星", "双河", "白杨", "三明", "白银", "大同", "北海"}
#: What remains without its region must be this long to stand for the name: 恒力轴承 does, 电气 does not.
_DISTINCT = 3


@cache
def _regions():
    names = set()
    for name in region_names():
        names.add(name)
        if (short := short_name(name)) not in _COMMON_WORDS:
            names.add(short)
    return tuple(sorted(names, key=len, reverse=True))


@cache
def _region_pattern():
    return re.compile("(?:" + "|".join(map(re.escape, _regions())) + ")")


def core_key(name):
    """The key under which names of probably one enterprise are equal: without legal form, brackets and region.

    恒力轴承（杭州）有限公司, 浙江杭州恒力轴承集团 and 杭州恒力轴承有限公司 share 恒力轴承. Where too little would
    remain (上海电气) the region stays, behind the rest: 电气上海. Branches keep 分公司. Empty only where the
    name key is.
    """
    text = _PARTNERSHIP.sub("", fold(name))
    places = []

    def drop_place(match):
        inside = match.group(1).strip()
        if inside == "中国" or _region_pattern().fullmatch(inside):
            places.append(short_name(inside))
            return ""
        return inside

    text = _BRACKETS.sub(drop_place, text)
    text = text.replace("中国", "", 1) if text.startswith("中国") and len(text) > 6 else text
    bare = name_key(_LEGAL_FORM.sub("", text)) or name_key(text)
    rest = bare
    while match := _region_pattern().match(rest):
        if match.end() == len(rest):
            break
        places.append(short_name(match.group()))
        rest = rest[match.end() :]
    if len(rest) >= _DISTINCT or not places:
        return rest
    return rest + places[-1]


def similarity(a, b):
    """How much two keys share, 0 to 1: twice the common pairs of characters over all pairs (Dice)."""
    if a == b:
        return 1.0
    pairs_a, pairs_b = _pairs(a), _pairs(b)
    if not pairs_a or not pairs_b:
        return 0.0
    return 2 * len(pairs_a & pairs_b) / (len(pairs_a) + len(pairs_b))


@lru_cache(maxsize=20_000)
def _pairs(text):
    return frozenset(text[i : i + 2] for i in range(len(text) - 1))


# --- pinyin ------------------------------------------------------------------------------------------------------

#: Readings in names of places, enterprises and surnames where the dictionary prefers another word.
_READINGS = {
    "长": "chang", "重": "zhong", "曾": "zeng", "晟": "sheng", "都": "du", "佛": "fo", "卜": "bu", "翟": "zhai",
    "缪": "miao", "覃": "qin", "厦": "xia", "弹": "tan", "核": "he", "给": "ji", "參": "can", "参": "can", "𠮷": "ji",
    "调": "tiao", "番": "fan", "〇": "ling", "莘": "xin", "尽": "jin", "解": "jie", "冼": "xian", "薄": "bao",
}  # fmt: skip
_PHRASES = {
    "朝阳": "chao yang", "漯河": "luo he", "单县": "shan xian", "番禺": "pan yu", "铅山": "yan shan", "尉氏": "yu shi",
    "尉犁": "yu li", "洪洞": "hong tong", "东阿": "dong e", "莘县": "shen xian", "丽水": "li shui", "长子": "zhang zi",
    "昌都": "chang du", "黄埔": "huang pu", "大埔": "da bu", "会计": "kuai ji", "广厦": "guang sha", "调度": "diao du",
}  # fmt: skip
#: 浙江省长兴, 杭州市长安: the title 省长, 市长 is never meant in a name.
_PHRASES |= {"省长": "sheng chang", "市长": "shi chang", "县长": "xian chang", "区长": "qu chang", "州长": "zhou chang"}


@lru_cache(maxsize=30_000)
def _phrase(text):
    """The syllables of a phrase the dictionary knows, else None."""
    if text in _PHRASES:
        return tuple(_PHRASES[text].split())
    known = PHRASES_DICT.get(text)
    return tuple(_plain(readings[0]) for readings in known) if known else None


def _plain(reading):
    return to_normal(reading).replace("ü", "v")


@lru_cache(maxsize=30_000)
def _readings(char):
    """Every toneless reading of a character, the likeliest in a name first; the character itself if it has none."""
    known = PINYIN_DICT.get(ord(char), "")
    readings = [_plain(reading) for reading in known.split(",") if reading]
    if char in _READINGS:
        readings.insert(0, _READINGS[char])
    return tuple(OrderedDict.fromkeys(readings)) or (char,)


@lru_cache(maxsize=4_096)
def _spoken(key):
    """Pairs (sound, initial): one for each Chinese character of a name key, one for each run of anything else."""
    sounds = []
    start, end = 0, len(key)
    while start < end:
        if not _IS_HAN.match(key, start):
            stop = start + 1
            while stop < end and not _IS_HAN.match(key, stop):
                stop += 1
            sounds.append((key[start:stop], key[start:stop]))
            start = stop
            continue
        for length in (4, 3, 2):
            if start + length <= end and (syllables := _phrase(key[start : start + length])):
                break
        else:
            syllables = _readings(key[start])[:1]
        sounds.extend((syllable, syllable[0]) for syllable in syllables)
        start += len(syllables)
    return tuple(sounds)


def pinyin(name):
    """恒力轴承 → henglizhoucheng; ü is v (绿 → lv), Latin letters and digits stay."""
    return "".join(sound for sound, _first in _spoken(name_key(name)))


def initials(name):
    """恒力轴承 → hlzc; TCL王牌 → tclwp: Latin letters and digits stay whole."""
    return "".join(first for _sound, first in _spoken(name_key(name)))


def sort_key(name):
    """A key that sorts as a phone book does under the C collation: syllable by syllable, toneless; 300 characters."""
    return " ".join(sound for sound, _first in _spoken(name_key(name)))[:300]


# --- searching ---------------------------------------------------------------------------------------------------

_HAN_RUN = re.compile(f"[{_HAN}]+")
_OTHER_RUN = re.compile(f"[^{_HAN}]+")
_RUN = re.compile(f"[{_HAN}]+|[^{_HAN}]+")
_WORD = re.compile(r"[^\W_]+")
_MOST_ALTERNATIVES = 30


class Condition(NamedTuple):
    grams: list[str]
    parts: list[str]


def _slices(text, length):
    return [text[i : i + length] for i in range(len(text) - length + 1)]


def _lines(names, name_en, codes):
    """What is searched, each line once: keys of names, and Latin words and codes."""
    keys = list(OrderedDict.fromkeys(key for name in names if (key := name_key(name))))
    words = [run for key in keys for run in _OTHER_RUN.findall(key)]
    for text in (name_en, *codes):
        words.extend(_WORD.findall(fold(text).casefold()))
    return keys, list(OrderedDict.fromkeys(words))


def search_grams(names, name_en="", *codes):
    """The grams of an enterprise: names and former names, English name, USCC and any other code; sorted, each once."""
    keys, words = _lines(names, name_en, codes)
    grams = set()
    for key in keys:
        for run in _HAN_RUN.findall(key):
            grams.update(run)
            grams.update(_slices(run, 2))
        spoken = _spoken(key)
        first = "".join(initial for _sound, initial in spoken)
        for length in (1, 2, 3):
            grams.update(["^" + part for part in _slices(first, length)])
        grams.update(["~" + sound[:2] for sound, _initial in spoken])
        grams.update(["~" + part for part in _slices("".join(sound for sound, _initial in spoken), 3)])
    for word in words:
        grams.update(["#" + word[:1], "#" + word[:2], *("#" + part for part in _slices(word, 3))])
    return sorted(grams)


def search_text(names, name_en="", *codes):
    """What `matches` looks into, one line each: names, ^initials, ~pinyin and #words."""
    keys, words = _lines(names, name_en, codes)
    lines = [*keys, *("^" + initials(key) for key in keys), *("~" + pinyin(key) for key in keys)]
    return "\n".join(OrderedDict.fromkeys([*lines, *("#" + word for word in words)]))


def _asked(mark, text):
    """One condition: (grams that must be there, what must be in a line of search_text).

    Grams side by side that cover the text: the line is looked into anyway, and where many rows match, each gram that
    has to be found among a row's hundred costs as much as that.
    """
    longest = min(3 if mark else 2, len(text))
    starts = {*range(0, len(text) - longest + 1, longest), len(text) - longest}
    return {mark + text[start : start + longest] for start in starts}, {(mark, text)}


def _all_of(*conditions):
    return set().union(*(grams for grams, _checks in conditions)), set().union(
        *(checks for _grams, checks in conditions)
    )


def _latin(words):
    """Words without Chinese characters: together as pinyin, or together as initials, or as written.

    What is typed most stands first: the database asks a row for one after the other until one is true.
    """
    joined = "".join(words)
    if not joined.isdecimal():
        if len(joined) > 1:
            yield _asked("~", joined)
        yield _asked("^", joined)
    yield _all_of(*(_asked("#", word) for word in words))


def _mixed(word):
    """恒l, h力: as written, or its letters as the initials or the pinyin of the characters before or behind."""
    runs = _RUN.findall(word)
    yield _all_of(*(_asked("" if _IS_HAN.match(run) else "#", run) for run in runs), (set(), {("", word)}))
    if len(runs) != 2:
        return
    han_first = bool(_IS_HAN.match(runs[0]))
    han, other = runs if han_first else runs[::-1]
    readings = _readings(han[-1] if han_first else han[0])[:4]
    for mark, sounds in (("^", OrderedDict.fromkeys(r[0] for r in readings)), ("~", readings)):
        for sound in sounds:
            yield _all_of(_asked("", han), _asked(mark, sound + other if han_first else other + sound))


@lru_cache(maxsize=64)
def _alternatives(q):
    words = [name_key(word) for word in _WORD.findall(fold(q).casefold())]
    han = [word for word in words if _HAN_RUN.fullmatch(word)]
    other = [word for word in words if not _IS_HAN.search(word) and word]
    groups = [[_asked("", word)] for word in han]
    groups += [list(_latin(other))] if other else []
    groups += [list(_mixed(word)) for word in words if word not in han and word not in other and word]
    if not groups:
        return []
    return [_all_of(*choice) for choice, _n in zip(product(*groups), range(_MOST_ALTERNATIVES), strict=False)]


def query_conditions(q):
    """What to ask of the two columns: alternatives (OR), each `grams @> grams` and every part within `search_text`.

    恒 and 恒力 by characters, hl and hlzc by initials, hengli by pinyin, 恒l mixed, bearing by a word, 91330109 by a
    part of the code (from three characters on anywhere, shorter only where a word begins). Words divided by spaces
    must all be there; Latin ones may also be one name's pinyin in pieces (heng li). Nothing to look for: [].
    """
    return [
        Condition(
            sorted(grams), sorted(part for mark, part in checks if part not in grams and mark + part not in grams)
        )
        for grams, checks in _alternatives(q)
    ]


def query_grams(q):
    """The grams of `query_conditions` alone: alternatives (OR), each a list for `@>`; may find a few rows too many."""
    return [condition.grams for condition in query_conditions(q)]


def matches(q, text):
    """Whether a row whose `search_text` is `text` answers the query: the exact rule, line by line."""
    lines = {"": [], "^": [], "~": [], "#": []}
    for line in text.split("\n"):
        lines[line[:1] if line[:1] in lines else ""].append(line.lstrip("^~#"))
    return any(
        all(any(part in line for line in lines[mark]) for mark, part in checks) for _grams, checks in _alternatives(q)
    )
