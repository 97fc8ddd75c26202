"""Links: handed out by an officer, opened by whoever holds them, without an account."""

from functools import wraps

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import errors
from accounts.access import client_address
from partnerships.forms.editing import add_errors
from partnerships.forms.links import AnswerForm, AskNewForm, CarryForm
from partnerships.models import Agreement, Enterprise, Message
from partnerships.services import links as services
from partnerships.services.agreements import documents, signing
from partnerships.services.thread import in_thread, write_message
from partnerships.timeline import CONTACTS, MESSAGES, entries_of
from partnerships.views import portal_needs, promises, seminar_guests, visits
from partnerships.views.agreements import enterprise as agreements
from partnerships.views.agreements import signing_there
from partnerships.views.doors import partner
from partnerships.views.files import picture_response
from partnerships.workflow import ENTERPRISE, AgreementState, keeps_this_partner
from records import links, qr
from records.files import attachment
from records.models import Event, Link, Side
from records.services import look
from records.workflow import Refused

#: So much of the shared past stands on a link's page.
RECENT = {services.ANSWER: 3, services.PARTNERSHIP: 8}
SHOWN = 50


# --- the officer's pages -----------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def link_hand_out(request, pk):
    """What was handed out for this partner, newest first; a POST makes another link and goes on to carry it."""
    enterprise = partner(request, pk)
    form = CarryForm(request.POST or None, enterprise=enterprise)
    if request.method == "POST" and form.is_valid():
        made = services.hand_out_link(enterprise, by=request.user, **form.cleaned_data)
        return redirect("partnerships:link_carry", pk, made.pk)
    context = {
        "enterprise": enterprise,
        "links": Link.objects.filter(stream=enterprise.pk).select_related("created_by")[:SHOWN],
        "form": form,
        "why_not": keeps_this_partner(enterprise, request.user),
        "now": timezone.now(),
    }
    return render(request, "partnerships/link_hand_out.html", context, status=422 if form.errors else 200)


def _link(request, pk, link):
    enterprise = partner(request, pk)
    return enterprise, get_object_or_404(Link.objects.select_related("created_by"), pk=link, stream=enterprise.pk)


@require_safe
def link_carry(request, pk, link):
    enterprise, found = _link(request, pk, link)
    context = {
        "enterprise": enterprise,
        "link": found,
        "is_open": found.is_open(timezone.now()),
        "address": services.address(found),
        "message": services.default_message(found),
        "qr": qr.svg(services.address(found)),
        "answers": Message.objects.filter(via=found).order_by("written_at", "pk"),
        "replies": visits.replies_through(found, enterprise).order_by("logged_at", "pk"),
        "why_not": keeps_this_partner(enterprise, request.user),
    }
    return render(request, "partnerships/link_carry.html", context)


@require_POST
def link_withdraw(request, pk, link):
    _enterprise, found = _link(request, pk, link)
    services.withdraw_link(found, by=request.user)
    messages.success(request, _("The link is withdrawn: its page says so from now on."))
    return redirect("partnerships:link_carry", pk, link)


@require_POST
def link_renew(request, pk, link):
    _enterprise, found = _link(request, pk, link)
    fresh = services.renew_link(found, by=request.user)
    messages.success(request, _("Here is the new link: copy the message and pass it on."))
    return redirect("partnerships:link_carry", pk, fresh.pk)


# --- the public pages --------------------------------------------------------------------------------------------


def public(kind="page"):
    """A page of a link: counted per address, in the link's language, in no cache and no search engine.

    The view gets the Link, open or not, or None for a code that never existed.
    """

    def decorate(view):
        @wraps(view)
        def page(request, code, **kwargs):
            if not links.within_rate(client_address(request), kind):
                return errors.too_many(request)
            link = links.find(code)
            chosen = request.user.is_authenticated or request.COOKIES.get("language")
            language = translation.get_language() if chosen or link is None else link.language
            with translation.override(language):
                response = view(request, link, **kwargs)
            response.headers["Content-Language"] = language
            response.headers["X-Robots-Tag"] = "noindex, nofollow"
            return response

        return login_not_required(never_cache(page))

    return decorate


def _dead(request, link, form=None, asked=False):
    """The page of a link that is over. A code that never existed shows the same, so that nobody learns which exist."""
    status = 404 if link is None else 410
    context = {"form": form or AskNewForm(), "code": request.resolver_match.kwargs["code"], "asked": asked}
    return render(request, "partnerships/link_dead.html", context, status=200 if asked else status)


def _is_dead(link):
    return link is None or not link.is_open(timezone.now()) or _enterprise(link) is None


def _enterprise(link):
    return Enterprise.objects.current().select_related("owner").filter(pk=link.stream).first()


#: Purposes with a page of their own: (request, open link, enterprise) -> answer.
PAGES = {
    services.VISIT: visits.link_visit, services.SEMINAR: seminar_guests.link_seminar,
    services.AGREEMENT: agreements.link_agreement, services.ASK: portal_needs.link_asked,
    services.NEED: portal_needs.link_need, services.OBLIGATION: promises.link_obligation,
    services.ENDING: promises.link_ending, services.SIGN: signing_there.link_sign,
}  # fmt: skip


@public()
@require_http_methods(["GET", "HEAD", "POST"])
def link(request, link):
    if _is_dead(link):
        return _dead(request, link)
    enterprise = _enterprise(link)
    if page := PAGES.get(link.purpose):
        return page(request, link, enterprise)
    form = AnswerForm(request.POST or None, request.FILES or None, enterprise=enterprise)
    if request.method == "POST" and form.is_valid():
        try:
            _answer(request, link, enterprise, form)
        except ValidationError as error:
            add_errors(form, error, otherwise="files")
        else:
            return redirect("partnerships:link", link.code)
    if request.method == "GET":
        look("link", subject=link.subject, link=link, by=request.user, address=client_address(request))
    context = {"link": link, "enterprise": enterprise, "form": form, **_shown(request, link, enterprise)}
    return render(request, "partnerships/link.html", context, status=422 if form.errors else 200)


def _answer(request, link, enterprise, form):
    if request.user.is_authenticated and request.user.is_school:
        raise Refused(_("You are signed in for the school: enter the answer on behalf of the enterprise instead."))
    values = {name: form.cleaned_data[name] for name in ("body", "files", "form_key")}
    question = link.subject if link.purpose == services.ANSWER else None
    write_message(enterprise, via=link, author_name=form.author_name, answers=question, **values)


def _shown(request, link, enterprise):
    """What the page shows beside the form; nothing of it is for the school alone."""
    is_question = link.purpose == services.ANSWER
    return {
        "question": in_thread(enterprise).get(pk=link.subject_id) if is_question else None,
        "given": in_thread(enterprise).filter(via=link).order_by("written_at", "pk")[:SHOWN],
        "words": ENTERPRISE.words[enterprise.state].for_enterprise(),
        "entries": _recent(link, enterprise),
        "previews": request.user.is_authenticated and request.user.is_school,
    }


def _recent(link, enterprise):
    """The last of what both sides may read; a link to one question leaves the rest of the thread out."""
    kinds = CONTACTS | Q(kind__startswith="enterprise.")
    if link.purpose == services.PARTNERSHIP:
        kinds |= MESSAGES
    events = Event.objects.in_stream(enterprise.pk).shared().filter(kinds).select_related("by", "subject_type")
    return entries_of(events[: RECENT[link.purpose]], enterprise, for_enterprise=True)


@public()
@require_POST
def link_opened(request, link):
    """The page's own small request: a messenger that fetches the address does not make it."""
    if not _is_dead(link) and not (request.user.is_authenticated and request.user.is_school):
        services.open_link(link)
        if link.purpose == services.SIGN:
            signing.see_by_link(link)
    return HttpResponse(status=204)


@public()
@require_POST
def link_ask(request, link):
    """“Send me a new one.” A code that never existed gets the same thanks."""
    form = AskNewForm(request.POST)
    if not form.is_valid():
        return _dead(request, link, form)
    if link is not None and not link.is_open(timezone.now()):
        links.ask_new_one(link, **form.cleaned_data)
    return _dead(request, link, asked=True)


@public("picture")
@require_safe
def link_picture(request, link, file):
    """A picture of the question, or of an answer given through this very link, made small."""
    return picture_response(_file_of(link, file))


@public("picture")
@require_safe
def link_file(request, link, file):
    """Any file of them, as it is."""
    return attachment(_file_of(link, file))


def _file_of(link, pk):
    if _is_dead(link):
        raise Http404
    of_link = Message.objects.filter(enterprise=link.stream, via=link)
    if link.purpose == services.ANSWER:
        of_link |= Message.objects.filter(enterprise=link.stream, pk=link.subject_id, side=Side.SCHOOL)
    if link.purpose == services.AGREEMENT:
        return _document_of(link, pk)
    return get_object_or_404(get_object_or_404(of_link.distinct(), files__pk=pk).files, pk=pk)


def _document_of(link, pk):
    """The document of an agreement's text as it stands, for whoever holds a link to that agreement."""
    rows = Agreement.objects.exclude(state=AgreementState.DRAFT).filter(enterprise=link.stream)
    document = documents.current(get_object_or_404(rows, pk=link.subject_id))
    if document is None or document.file_id != pk:
        raise Http404
    return document.file
