"""Finding a region in an address and a trade in a word: pure functions over tables passed in.

Both answer None rather than guess: what two rows could mean is left to a person.
"""

import re
import unicodedata
from collections import defaultdict
from typing import NamedTuple

# --- regions -----------------------------------------------------------------------------------------------------

_SUFFIX = re.compile(r"(?:特别行政区|自治区|自治州|自治县|自治旗|地区|林区|新区|矿区|省|市|盟|县|区|旗)$")
# 维吾尔自治区, 土家族苗族自治州: the peoples between the short name and the suffix
_PEOPLES = re.compile(
    r"(?:(?:蒙古|回|藏|维吾尔|苗|彝|壮|布依|朝鲜|满|侗|瑶|白|土家|哈尼|哈萨克|傣|黎|傈僳|佤|畲|拉祜|水|东乡|纳西|景颇|柯尔克孜|土|达斡尔"
    r"|仫佬|羌|布朗|撒拉|毛南|仡佬|锡伯|普米|塔吉克|怒|鄂温克|保安|裕固|独龙|鄂伦春|各)族?)+$"
)
# 南京路, 北京东路, 上海大道: a place's name that names a street; 杭州湾 a bay
_STREET = re.compile(
    r"(?:[东南西北中]{0,2}(?:[一二三四五六七八九十]?路|[大小老新]?街(?!道)|大?道(?!口)|巷|弄|桥|湾|里|广场|新村))"
)
_EMPTY = re.compile(r"[\s\u200b-\u200f\ufeff·・,，.。、;；:：\-_/|()（）【】\[\]\"'“”]+")
_COUNTRY = re.compile(r"^(?:中华人民共和国|中国)")
_LEAD = re.compile(r"(?:地址|住所|位于|坐落于?|注册地|所在地|(?:省|自治区)?直辖县级行政区划?)+")


class Gazetteer(NamedTuple):
    """Names to codes. A name maps to every code it could mean; under "" without regard to the province."""

    units: dict  # {province code or "": {name: {code}}}, provinces under "" only
    districts: dict  # the same for full names of districts and counties; the code is their city's or municipality's
    short_districts: dict  # 昆山, 萧山
    provinces: frozenset
    longest: int


def short_name(name):
    """浙江省 → 浙江, 恩施土家族苗族自治州 → 恩施, 昆山市 → 昆山; one character is no name (沙县)."""
    bare = _SUFFIX.sub("", name)
    if "自治" in name:
        without = _PEOPLES.sub("", bare)
        bare = without if len(without) > 1 else bare  # 内蒙古 keeps its 蒙古
    return bare if len(bare) > 1 else name


def make_gazetteer(rows):
    """Rows of (code, parent code or None, name, names of districts divided by spaces) → Gazetteer."""
    units, districts, short_districts = (defaultdict(lambda: defaultdict(set)) for _ in range(3))
    provinces = set()
    for code, parent, name, below in rows:
        short = short_name(name)
        names = {name, short}
        if name.endswith("自治州"):
            names.add(short + "州")
        if not parent:
            provinces.add(code)
        for known in names:
            units[""][known].add(code)
            if parent:
                units[parent][known].add(code)
        for district in below.split():
            for scope in ("", parent or code):
                districts[scope][district].add(code)
                if short_name(district) != district:
                    short_districts[scope][short_name(district)].add(code)
    longest = max((len(n) for table in (units, districts) for n in table[""]), default=0)
    return Gazetteer(
        *({scope: dict(names) for scope, names in table.items()} for table in (units, districts, short_districts)),
        frozenset(provinces),
        longest,
    )


def _longest(text, longest, *tables):
    """The longest name `text` begins with in any of the tables, not naming a street: (codes, length)."""
    for length in range(min(longest, len(text)), 1, -1):
        name = text[:length]
        codes = set().union(*(table.get(name, ()) for table in tables))
        if codes and not _STREET.match(text, length):
            return codes, length
    return set(), 0


def _within(text, province, table):
    """The city that `text`, what follows the province's name, begins with; else the province."""
    codes, _length = _longest(
        text,
        table.longest,
        table.units.get(province, {}),
        table.districts.get(province, {}),
        table.short_districts.get(province, {}),
    )
    return codes.pop() if len(codes) == 1 else province


def _at_start(text, table):
    units, districts = table.units[""], table.districts[""]
    codes, length = _longest(text, table.longest, units, districts)
    if not codes:
        # 昆山花桥 yes; 新城, 东风 only where nothing else follows
        codes, length = _longest(text, table.longest, table.short_districts[""])
        county_level_city = text[:length] + "市" in districts
        return codes.pop() if len(codes) == 1 and (county_level_city or length == len(text)) else None
    if len(codes) > 1:  # 吉林 is a province before it is a city, 海南 before it is a prefecture
        codes &= table.provinces & units.get(text[:length], set())
    if len(codes) != 1:
        return None
    code = codes.pop()
    return _within(text[length:], code, table) if code in table.provinces else code


def place(text, table):
    """The region an address names: its city's code where it says so, else its province's, else None.

    Reads 浙江省杭州市萧山区…, 杭州萧山, 江苏苏州工业园区, 义乌市, 昆山花桥. A district's name alone counts when
    only one city has it (萧山区; 朝阳区 is in Beijing and Changchun: None). Streets named after cities do not (南京路).
    """
    text = unicodedata.normalize("NFKC", str(text or ""))
    parts = [_COUNTRY.sub("", part) for part in _EMPTY.split(_LEAD.sub(" ", text)) if part]
    joined = _COUNTRY.sub("", "".join(parts))
    if not joined:
        return None
    found = _at_start(joined, table)
    if found:
        return found
    for part in parts:
        found = _at_start(part, table)
        if found:
            return found
    units = table.units[""]
    for start in range(1, len(joined) - 1):
        for length in range(min(table.longest, len(joined) - start), 2, -1):
            name = joined[start : start + length]
            if name in units and _SUFFIX.search(name) and not _STREET.match(joined, start + length):
                return _at_start(joined[start:], table)
    return None


# --- industries --------------------------------------------------------------------------------------------------

_CODE = re.compile(r"(?<![0-9A-Z])([A-T]?)([0-9]{2})[0-9]{0,2}(?![0-9A-Z])")
_NOISE = re.compile(r"[\s、,，/;；·()（）.。:：\-]|(?:制造|生产)?(?:行业|产业|企业)?$|[和及与的]")
_TAIL = re.compile(r"(?:制造业?|生产|业|行业|类|等)+$")


class Trades(NamedTuple):
    codes: dict  # "34" → "C34"
    exact: dict  # a name without 制造业, or a word in use → {codes}
    names: dict  # a name without 制造业 → code
    longest: int


def _trade_key(text):
    return _TAIL.sub("", _NOISE.sub("", text.upper())) or text.upper()


def make_trades(rows):
    """Rows of (code, name, words in use divided by spaces) → Trades."""
    exact = defaultdict(set)
    codes, names = {}, {}
    for code, name, words in rows:
        codes[code[1:]] = code
        names[_trade_key(name)] = code
        exact[_trade_key(name)].add(code)
        for word in words.split():
            exact[_trade_key(word)].add(code)
    return Trades(codes, dict(exact), names, max(map(len, exact), default=0))


def industry_candidates(text, table):
    """Every division `text` could mean, in code order: the choices to offer a person."""
    text = unicodedata.normalize("NFKC", str(text or "")).strip().upper()
    codes = {table.codes.get(digits, "") for letter, digits in _CODE.findall(text)}
    if codes:
        letters = {letter for letter, _digits in _CODE.findall(text) if letter}
        agree = "" not in codes and (not letters or {code[0] for code in codes} == letters)
        return sorted(codes) if agree else []
    key = _trade_key(text)
    if not key:
        return []
    if key in table.exact:
        return sorted(table.exact[key])
    for length in range(min(table.longest, len(key) - 1), 1, -1):  # 软件开发 → 软件; 汽车维修服务 → 汽车维修, not 汽车
        found = set()
        for start in range(len(key) - length + 1):
            found |= table.exact.get(key[start : start + length], set())
        if found:
            return sorted(found)
    if len(key) > 1:  # 通用 → 通用设备制造业
        return sorted(code for known, code in table.names.items() if key in known)
    return []


def industry(text, table):
    """The one division `text` means (C34, 3451, 通用设备制造, 软件), or None where it could be several (机械, 物流)."""
    candidates = industry_candidates(text, table)
    return candidates[0] if len(candidates) == 1 else None
