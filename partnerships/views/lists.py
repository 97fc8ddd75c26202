"""What the pages of lists share: frame_list.html around each, and what it shows of the filter."""

from urllib.parse import urlencode

from django.shortcuts import render
from django.utils.translation import gettext as _

from partnerships.models import Enterprise
from records import saved

#: What an address says of the place in a list, not of what is listed.
PLACE = ("after", "before", "end")


def list_page(request, template, context):
    """The page of a list, or for htmx its results alone.

    `context` says what frame_list.html does not know: title, page, and `list`, the name of its export and saved views
    ("" where it has none).
    """
    is_fragment = request.htmx and not request.htmx.history_restore_request
    frame = {
        "frame": "frame_results.html" if is_fragment else "frame_school.html",
        "query": request.GET.urlencode(),
        "saved": saved.views_of(request.user, context["list"]) if context["list"] else [],
    }
    return render(request, template, context | frame)


def narrowing(request, form, panel, choices, ticks):
    """What the page shows of its filter: the search, what is ticked beside it, the panel, a chip for all that narrows.

    `choices` are the fields of the panel whose words the form itself knows.
    """
    words, ticks, chosen = (
        request.GET.get("q", ""),
        [form[name] for name in ticks],
        chips(request, form, panel, choices),
    )
    key = form.cleaned_data.get("enterprise")
    partner = Enterprise.objects.visible_to(request.user).filter(pk=key).first() if key else None
    return {
        "words": words,
        "search": form["q"].label,
        "ticks": ticks,
        "panel": [form[name] for name in panel],
        "chips": chosen,
        "partner": partner,
        "is_narrowed": bool(words or chosen or partner or any(tick.value() for tick in ticks)),
    }


def chips(request, form, panel, choices):
    """One chip per narrowing filter: its words, and the address of the list without it."""
    shown = []
    for name in panel:
        value = request.GET.get(name, "")
        if not value or not form.is_valid() or form.cleaned_data.get(name) in (None, ""):
            continue
        words = {str(key): word for key, word in form.fields[name].choices}.get(value) if name in choices else None
        words = words or {True: _("yes"), False: _("no")}.get(form.cleaned_data[name], form.cleaned_data[name])
        rest = [(key, v) for key, v in request.GET.items() if key not in (name, *PLACE)]
        shown.append({"label": form.fields[name].label, "words": words, "without": "?" + urlencode(rest)})
    return shown
