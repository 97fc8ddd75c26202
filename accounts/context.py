"""What every page's frame knows: whose house it is, who is here, where one may go."""

from django.conf import settings
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts import access

LANGUAGE_NAMES = {"zh-hans": "中文", "en": "English"}


def frame(request):
    """Context processor; never raises, asks the database nothing for strangers."""
    language = get_language()
    parts = {
        "university": settings.UNIVERSITY.get(language, settings.UNIVERSITY["zh-hans"]),
        "demo": settings.DEMO,
        "languages": [
            {"code": code, "name": LANGUAGE_NAMES.get(code, name), "active": code == language}
            for code, name in settings.LANGUAGES
        ],
        "rail": [],
        "portal": [],
        "portal_enterprises": [],
        "search_url": "",
        "second_factor_offered": False,
        "second_factor_needed": False,
    }
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return parts
    if getattr(request, "second_factor_pages", None) is not None:
        return parts | {"second_factor_needed": True}
    if user.needs_second_factor and not settings.SECOND_FACTOR_FORCED:
        parts["second_factor_offered"] = not access.session_showed_second_factor(request)
    if user.is_school:
        parts["rail"] = rail(request)
        if user.sees_partners:
            parts["search_url"] = url_or_none("partnerships:enterprise_list") or ""
    for dotted_name in settings.FRAME_PARTS:
        parts |= import_string(dotted_name)(request)
    return parts


def rail(request):
    """The school's navigation: only what exists and what this person may open."""
    user = request.user
    places = [
        ("today", "reports:today", _("Today"), True),
        ("partners", "partnerships:enterprise_list", _("Partners"), user.sees_partners),
        ("trips", "partnerships:trip_list", _("Trips"), user.sees_partners),
        ("seminars", "partnerships:seminar_list", _("Events"), user.sees_partners),
        ("agreements", "partnerships:agreement_list", _("Agreements"), user.sees_partners),
        ("needs", "partnerships:need_list", _("Needs and offers"), user.sees_partners),
        ("asks", "partnerships:ask_list", _("Asks"), user.sees_partners),
        ("imports", "partnerships:import_list", _("Imports"), user.sees_partners),
        ("reports", "reports:contact_rhythm", _("Reports"), user.sees_partners),
        ("reminders", "reminders:centre", _("Reminders"), user.sees_everything),
        ("people", "accounts:people", _("People"), user.sees_everything),
        ("mail", "accounts:mail_list", _("Mail"), settings.DEMO),
        ("admin", "admin:index", _("Administration"), user.is_staff),
    ]
    items = [
        {"name": name, "url": url_or_none(url_name), "label": label} for name, url_name, label, shown in places if shown
    ]
    items = [item for item in items if item["url"]]
    here = max((item["url"] for item in items if request.path.startswith(item["url"])), key=len, default=None)
    return [item | {"active": item["url"] == here} for item in items]


def url_or_none(name):
    try:
        return reverse(name)
    except NoReverseMatch:
        return None
