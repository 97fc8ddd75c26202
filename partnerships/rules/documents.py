"""What may stand in a template of an agreement, and how amounts and days read on paper: pure functions."""

from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


@dataclass(frozen=True)
class Variable:
    """One placeholder: what it stands for, and an example to try a template with."""

    label: object
    example: object

    @property
    def is_list(self):
        return isinstance(self.example, list)


#: Name in the template -> Variable. What is not agreed is empty; a list can be looped over.
VARIABLES = {
    "title": Variable(_("title"), "订单班联合培养协议"),
    "kind": Variable(_("kind"), "订单班"),
    "number": Variable(_("number"), "XQ2026-011"),
    "university": Variable(_("school"), "青澜职业技术学院"),
    "enterprise": Variable(_("enterprise"), "砺锋精密制造有限公司"),
    "uscc": Variable(_("unified social credit code"), "91330100MA27XXXX0T"),
    "address": Variable(_("address"), "杭州市余杭区"),
    "legal_representative": Variable(_("legal representative"), "孙立"),
    "parties": Variable(_("further parties"), "恒力轴承（杭州）有限公司"),
    "parties_list": Variable(_("further parties, one by one"), ["恒力轴承（杭州）有限公司", "𠮷田机械有限公司"]),
    "aim": Variable(pgettext_lazy("agreement", "purpose"), "联合培养数控技术专业学生。\n定期共同评价。"),
    "specialties": Variable(_("specialties"), "数控技术"),
    "starts_on": Variable(_("begins"), "2026年9月1日"),
    "ends_on": Variable(_("ends"), "2029年8月31日"),
    "renewal": Variable(_("how it renews itself"), "期满自动续期12个月。"),
    "notice_days": Variable(_("notice in days"), "30"),
    "places_per_year": Variable(_("intern places a year"), "20"),
    "seminars_per_year": Variable(_("seminars a year"), "2"),
    "sites": Variable(_("sites"), "一号厂房"),
    "sites_list": Variable(_("sites, one by one"), ["一号厂房", "二号厂房"]),
    "amount": Variable(_("amount (yuan)"), "120,000.00"),
    "amount_words": Variable(_("amount in capital characters"), "壹拾贰万元整"),
    "payment": Variable(_("how it is paid"), "每学年9月底前支付。"),
    "school_duties": Variable(_("what the school does"), "单独编班。"),
    "enterprise_duties": Variable(_("what the enterprise does"), "选派工程师授课。"),
    "school_contact": Variable(_("contact at the school"), "林薇"),
    "enterprise_contact": Variable(_("contact at the enterprise"), "赵敏"),
    "other_terms": Variable(_("other provisions"), "未尽事宜协商解决。"),
    "copies": Variable(_("copies"), "4"),
    "nth": Variable(_("number of the amendment"), "1"),
    "amended": Variable(_("title of what it amends"), "订单班联合培养协议"),
    "amended_number": Variable(_("number of what it amends"), "XQ2024-011"),
    "valid_from": Variable(_("counts from"), "2027年1月1日"),
    "changes": Variable(_("what it amends"), "期限与续期"),
    "changes_list": Variable(_("what it amends, one by one"), ["期限与续期", "经费"]),
}
HINT = _(
    "Written in the Word file where the value shall stand. What is not agreed is empty: {% if amount %} … {% endif %}. "
    "What is named one by one is looped over: {% for site in sites_list %} … {% endfor %}. Each sheet gets its code by "
    "itself; a page break begins a new sheet."
)
LISTS = tuple(name for name, variable in VARIABLES.items() if variable.is_list)

DIGITS, PLACES, GROUPS = "零壹贰叁肆伍陆柒捌玖", ("", "拾", "佰", "仟"), ("", "万", "亿", "万亿")
NUMERALS = "零一二三四五六七八九十"


def day_on_paper(day, language):
    """1 September 2026; 2026年9月1日: the same whatever format the reader has chosen."""
    if day is None:
        return ""
    return f"{day.year}年{day.month}月{day.day}日" if language == "zh-hans" else date_format(day, "j F Y")


def amount_in_words(amount):
    """An amount in yuan in the capital characters that a contract wants: 120000.5 -> 壹拾贰万元伍角."""
    if amount is None:
        return ""
    yuan, cents = divmod(round(amount * 100), 100)
    words = f"{_whole(int(yuan))}元" if yuan or not cents else ""
    tenths, hundredths = divmod(int(cents), 10)
    if not cents:
        return f"{words}整"
    between = "零" if yuan and not tenths else ""
    words += f"{DIGITS[tenths]}角" if tenths else between
    return words + (f"{DIGITS[hundredths]}分" if hundredths else "")


def _whole(number):
    if not number:
        return "零"
    parts, group, is_gap = [], 0, False
    while number:
        number, rest = divmod(number, 10_000)
        if rest:
            text = _four(rest) + GROUPS[group]
            parts.insert(0, text + ("零" if is_gap and parts else ""))
            is_gap = rest < 1_000
        else:
            is_gap = bool(parts)
        group += 1
    return "".join(parts)


def _four(number):
    text, is_gap = "", False
    for place in (3, 2, 1, 0):
        digit = number // 10**place % 10
        if digit:
            text += ("零" if is_gap else "") + DIGITS[digit] + PLACES[place]
            is_gap = False
        else:
            is_gap = bool(text)
    return text


def numeral(number, language):
    """The number of an article: 十二 in Chinese, 12 else."""
    if language != "zh-hans":
        return str(number)
    tens, ones = divmod(number, 10)
    if not tens:
        return NUMERALS[ones]
    return ("" if tens == 1 else NUMERALS[tens]) + "十" + (NUMERALS[ones] if ones else "")
