"""Contacts as they stand in one cell: 赵敏（人事）13800000001/钱波0571-88886666转802 微信同号.

The cell is read from left to right as numbers, separators and words. A word that is a name begins a person; numbers,
positions and notes that follow belong to that person. What is none of these stays, as it was written, in a note.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from typing import NamedTuple

_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
_EXTENSION = r"(?:\s*(?:转|分机号?|ext\.?|x|-)\s*(?P<{}>[0-9]{{1,6}})(?![0-9]))?"
_NUMBER = re.compile(
    r"(?<![0-9+.])(?:"
    r"(?:(?:\+|00)?86[-\s]?|0)?(?P<mobile>1[3-9][0-9][-\s]?[0-9]{4}[-\s]?[0-9]{4})(?![0-9])"
    r"|(?P<service>[48]00[-\s]?(?:[0-9]{3}[-\s]?[0-9]{4}|[0-9]{4}[-\s]?[0-9]{3}))(?![0-9])"
    + _EXTENSION.format("ext1") +
    r"|(?:(?:\+|00)?86[-\s]?)?\(?(?P<area>0(?:10|2[0-9]|[3-9][0-9]{2}))\)?[-\s]*(?P<line>[1-9][0-9]{2,3}[-\s]?[0-9]{4})(?![0-9])"
    + _EXTENSION.format("ext2") +
    r"|(?P<local>[2-9][0-9]{6,7})(?![0-9.])" + _EXTENSION.format("ext3") +
    r"|(?P<foreign>\+(?!86)[1-9][0-9 -]{5,16}[0-9])(?![0-9])"
    r")",
    re.IGNORECASE,
)  # fmt: skip
_TOKEN = re.compile(
    r"(?P<separator>[/|;,、\n]+)|\((?P<inside>[^()]*)\)"
    r"|(?P<word>(?:[A-Z][a-z]{1,17}\.? ?){2,3}(?![a-z])|[^\s/|;,、\n()]+)|(?P<lone>[()])"
)
_LABEL = re.compile(
    r"(?:联系人|联系电话|联系方式|电话号码|手机号码?|电话|手机|座机|固话|姓名|tel|phone|mobile)[:：.]?", re.I
)
_WECHAT = re.compile(
    r"(?:微信|wx|v信?|wechat)(?:号)?(?:同号?|同手机号?|同上|相同)|(?:同|与)(?:微信|wx)(?:同号)?|号?同微信", re.I
)
_NOTE = re.compile(
    r"微信|QQ|传真|办公|家庭|宿舍|备用|新号|旧号|停机|空号|同号|邮箱|@|已离职|总机|前台|值班|下午|上午|请|勿|号码|[0-9]",
    re.I,
)
_TITLE = (
    r"(?:副|常务|执行|高级|资深|助理)*(?:总经理助理|董事长助理|车间主任|办公室主任|项目经理|部门经理|区域经理|客户经理|"
    r"董事长|总经理|总裁|总监|总工程师|总工|经理|主管|主任|部长|厂长|处长|科长|校长|院长|所长|站长|店长|队长|班长|组长|"
    r"书记|主席|会长|秘书长|理事长|负责人|法定代表人|法人代表|法人|老板|助理|秘书|专员|会计|出纳|文员|工程师|技术员|"
    r"调度|师傅|老师|教授|顾问|代表|HRBP|HRD|HRM|HR|CEO|CTO|CFO|COO|董事|科员|干事|业务员|主办|总)"
)
_FIELD = (
    r"(?:人事行政|行政人事|人力资源|人力|人资|人事|行政|综合|办公室|生产|技术|研发|销售|市场|采购|质量|品质|设备|工程|财务|后勤|"
    r"安全|教学|培训|招聘|运营|项目|车间|工会|党群|企管|商务|物流|仓储|数控|工艺|管理)"
)
_POSITION = re.compile(
    rf"(?:{_FIELD}(?:管理)?(?:部门?|处|科|室|中心)?)*(?:{_TITLE})|(?:{_FIELD}(?:管理)?(?:部门?|处|科|室|中心)?)+", re.I
)
_COMPOUND = (
    "欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|令狐|慕容|夏侯|司徒|端木|百里|南宫|独孤|长孙|宇文|轩辕|钟离|申屠|濮阳|淳于"
)
_SURNAMES = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方俞任袁柳"
    "酆鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵湛汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞"
    "熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯管卢莫经房裘缪干解应宗丁宣邓郁单"
    "杭洪包诸左石崔吉钮龚程邢滑裴陆荣翁荀羊惠甄曲家封芮储靳汲邴糜松井段富巫乌焦巴弓牧车侯宓蓬全郗班仰秋仲伊宫宁仇栾甘厉戎祖武"
    "符刘景詹束龙叶幸司韶郜黎蓟薄印宿白怀蒲邰从鄂索咸籍赖卓蔺屠蒙池乔阴胥能苍双闻莘党翟谭贡劳逄姬申扶堵冉宰郦雍璩桑桂濮牛寿"
    "通边扈燕冀郏浦尚农温别庄晏柴瞿阎充慕连茹习宦艾鱼容向古易慎戈廖庾终暨居衡步都耿满弘匡国文寇广禄阙东欧殳沃利蔚越夔隆师巩厍"
    "聂晁勾敖融冷訾辛阚那简饶空曾沙鞠须丰巢关蒯相查荆红游竺权逯盖益桓公岳帅缑亢况有琴商佘佟肖闫付岩覃仝"
)
_NAME = re.compile(
    rf"(?:(?:{_COMPOUND})[{_HAN}]{{1,2}}|[{_SURNAMES}][{_HAN}]{{1,2}}|[{_HAN}]{{1,12}}(?:·[{_HAN}]{{1,12}}){{1,3}})"
)
_SURNAME = re.compile(rf"(?:{_COMPOUND}|[{_HAN}])")
_ADDRESSED = re.compile(
    rf"[小老][{_SURNAMES}]|(?:{_COMPOUND}|[{_SURNAMES}])(?:总|工|老师|经理|主任|部长|厂长|处长|科长|主管|师傅|会计|书记|院长|校长|女士|先生|小姐|董|姐|哥)"
)
_LATIN_NAME = re.compile(r"[A-Z][a-z]{1,17}\.?(?: [A-Z][a-z]{1,17}\.?){0,2}")
_ANY_NAME = re.compile(rf"[{_HAN}]{{2,4}}")

#: The position's title → what follows the surname; the first that ends the position counts.
_HONORIFICS = (
    ("助理", ""), ("秘书", ""), ("代表", ""), ("总经理", "总"), ("董事长", "董"), ("总裁", "总"), ("总监", "总"),
    ("总工程师", "总"), ("总工", "总"), ("项目经理", "经理"), ("经理", "经理"), ("主任", "主任"), ("部长", "部长"),
    ("厂长", "厂长"), ("处长", "处长"), ("科长", "科长"), ("校长", "校长"), ("院长", "院长"), ("所长", "所长"),
    ("站长", "站长"), ("店长", "店长"), ("队长", "队长"), ("会长", "会长"), ("书记", "书记"), ("主席", "主席"),
    ("主管", "主管"), ("老师", "老师"), ("教授", "教授"), ("工程师", "工"), ("师傅", "师傅"), ("会计", "会计"),
    ("老板", "总"), ("总", "总"),
)  # fmt: skip


_LONGEST_POSITION = 40


class Phone(NamedTuple):
    """A number in one spelling (13800000001, 0571-88886666转802, 400-800-1234), with what stood beside it."""

    number: str
    note: str = ""
    name: str = ""


@dataclass
class Person:
    """Someone in a cell; `name` is empty for a number nobody is named for. Nothing of the cell is lost: see `note`."""

    name: str = ""
    position: str = ""
    honorific: str = ""
    phones: list[str] = field(default_factory=list)
    same_wechat: bool = False
    note: str = ""


def guess_honorific(name, position=""):
    """How to address a person: 赵敏, 人事经理 → 赵经理; without a known title the name itself, which is never wrong."""
    if not re.fullmatch(f"[{_HAN}]{{2,4}}", name) or _ADDRESSED.fullmatch(name):
        return name
    for title, address in _HONORIFICS:
        if position.endswith(title):
            return _SURNAME.match(name).group() + address if address else name
    return name


def read_contacts(text):
    """The people of a cell, in order. Any text may come; the characters of the cell all reappear in some field.

    Only the words 联系人, 电话, 手机 and their like before a number, separators and the country code 86 are left out.
    A cell without name and number is one Person with a note; an empty cell gives [].
    """
    people = [person for person in _read(_prepare(text)) if person != _Reading()]
    return [person.finish() for person in people]


def read_phones(text):
    """The numbers of a cell, each with the name it stands behind and the note beside it."""
    phones = []
    for person in _read(_prepare(text)):
        for number, notes in zip(person.numbers, person.notes[1:], strict=True):
            phones.append(Phone(number, " ".join(notes), person.name))
    return phones


@dataclass
class _Reading:
    """A person being read: notes[0] stood before the first number, notes[n] behind the nth."""

    name: str = ""
    position: str = ""
    numbers: list = field(default_factory=list)
    notes: list = field(default_factory=lambda: [[]])

    def finish(self):
        notes = " ".join(note for notes in self.notes for note in notes)
        return Person(
            name=self.name,
            position=self.position,
            honorific=guess_honorific(self.name, self.position),
            phones=list(dict.fromkeys(self.numbers)),
            same_wechat=bool(_WECHAT.search(notes)),
            note=notes,
        )


def _prepare(text):
    if text is None or isinstance(text, bool):
        return ""
    if isinstance(text, float) and text.is_integer() and abs(text) < 1e15:  # a spreadsheet's number
        text = int(text)
    text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", str(text).replace("．", "·").replace("•", "·")))
    return re.sub(rf"(?<=[{_HAN}])\s*[·‧・]\s*(?=[{_HAN}])", "·", text)


def _spelled(match):
    """The one spelling of a matched number."""
    digits = {name: re.sub(r"\D", "", value) for name, value in match.groupdict().items() if value}
    extension = next((f"转{digits[name]}" for name in ("ext1", "ext2", "ext3") if name in digits), "")
    if "mobile" in digits:
        return digits["mobile"]
    if "service" in digits:
        number = digits["service"]
        return f"{number[:3]}-{number[3:6]}-{number[6:]}{extension}"
    if "line" in digits:
        return f"{digits['area']}-{digits['line']}{extension}"
    return digits["local"] + extension if "local" in digits else "+" + digits["foreign"]


def _read(text):
    people = [_Reading()]
    start = 0
    for match in _NUMBER.finditer(text):
        _words(text[start : match.start()], people)
        people[-1].numbers.append(_spelled(match))
        people[-1].notes.append([])
        start = match.end()
    _words(text[start:], people, last=True)
    return _names_behind(people)


def _names_behind(people):
    """13800000001 赵敏 13900000002 钱波: where a cell begins with a number and ends with a name, each name has the
    number before it."""
    first, last = people[0], people[-1]
    one_each = all(len(person.numbers) == 1 for person in people[:-1])
    if len(people) == 1 or first.name or last.numbers or not one_each or not all(p.name for p in people[1:]):
        return people
    numbers = [person.numbers for person in people[:-1]]
    for person, number in zip(people[1:], numbers, strict=True):
        person.numbers = number
    last.notes.append([])
    people[1].notes[0][:0] = first.notes[0] + first.notes[1]
    return people[1:]


def _words(text, people, last=False):
    """Read what stands before a number, or behind the last one."""
    for token in _TOKEN.finditer(text):
        if token["inside"] is not None:
            _bracket(token["inside"].strip(), people)
        elif token["word"]:
            _word(token["word"], people, last)
        elif token["lone"]:
            people[-1].notes[-1].append(token["lone"])


def _bracket(text, people):
    """（人事） is a position, （微信同号） a note, and behind a number nobody is named for （赵敏） the name."""
    person = people[-1]
    if not text or _LABEL.fullmatch(text):
        return
    if not person.name and _split_name(text)[1]:
        _word(text, people, last=True)
    elif person.name and not person.position and _is_position(text):
        person.position = text
    else:
        person.notes[-1].append(text)


def _is_position(text):
    return len(text) <= 20 and not _NOTE.search(text) and re.search(f"[{_HAN}A-Z]", text)


def _word(word, people, last):
    word = _LABEL.sub("", word, count=1) if _LABEL.match(word) else word
    word = word.strip(":-—.。 ")
    if not word:
        return
    person = people[-1]
    before, name, behind = _split_name(word)
    if not name and person == _Reading() and _may_name(word):
        name = word
    if name:
        _begin(people, name, last)
        people[-1].position += before + behind
    elif _POSITION.fullmatch(word) and not any(person.notes) and len(person.position + word) <= _LONGEST_POSITION:
        person.position += word
    else:
        person.notes[-1].append(word)


def _may_name(word):
    """The first word of a cell is taken for a name even without a usual surname (𠮷田一郎)."""
    return _ANY_NAME.fullmatch(word) and not (_POSITION.search(word) or _NOTE.search(word) or _WECHAT.search(word))


def _begin(people, name, last):
    """A new person; but a title before the name, or at the end of the cell a number before it, is already theirs."""
    person = people[-1]
    if person.name or any(person.notes) or (person.numbers and not last):
        people.append(_Reading(name=name))
    else:
        person.name = name


def _split_name(word):
    """(title before, name, title behind) of 赵敏, 人事经理赵敏, 赵敏人事经理, 赵经理, Lisa; no name: ("", "", "")."""
    if _ADDRESSED.fullmatch(word):
        title = word[_SURNAME.match(word).end() :]
        return "", word, title if _POSITION.fullmatch(title) and len(title) > 1 else ""
    if _POSITION.fullmatch(word) or _WECHAT.search(word) or _NOTE.search(word):
        return "", "", ""
    if _NAME.fullmatch(word) or _LATIN_NAME.fullmatch(word):
        return "", word, ""
    if (title := _POSITION.match(word)) and _NAME.fullmatch(word[title.end() :]):
        return title.group(), word[title.end() :], ""
    for length in (2, 3, 4):
        if _NAME.fullmatch(word[:length]) and _POSITION.fullmatch(word[length:]):
            return "", word[:length], word[length:]
    return "", "", ""
