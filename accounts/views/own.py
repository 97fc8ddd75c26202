"""What everyone does for themselves: home, language, profile, sessions."""

from datetime import timedelta

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import services
from accounts.forms import ProfileForm
from reminders.forms import RhythmForm
from reminders.services import change_wish, preference_of


@require_safe
def home(request):
    """To where the person's role begins; the first of settings.HOME_URLS that answers wins."""
    for dotted_name in settings.HOME_URLS:
        if url := import_string(dotted_name)(request.user):
            return redirect(url)
    return redirect("accounts:profile")


@login_not_required
@require_POST
def language_set(request):
    """Remember the language in the cookie and, for someone signed in, on the person."""
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = "/"
    response = HttpResponseRedirect(target)
    language = request.POST.get("language")
    if language in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, language, max_age=365 * 24 * 3600, httponly=True,
            samesite=settings.LANGUAGE_COOKIE_SAMESITE, secure=settings.SESSION_COOKIE_SECURE,
        )  # fmt: skip
        if request.user.is_authenticated:
            services.set_language(request.user, language)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def profile(request):
    form = ProfileForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        services.edit_profile(request.user, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("accounts:profile")
    wish = preference_of(user=request.user)
    context = {"form": form, "wish": wish, "rhythm": RhythmForm(wish=wish)}
    return render(request, "accounts/profile.html", context, status=422 if form.errors else 200)


@require_POST
def profile_mail(request):
    """How reminders come by mail: at once or in the morning, with or without courtesies."""
    wish = preference_of(user=request.user)
    form = RhythmForm(request.POST, wish=wish)
    if not form.is_valid():
        raise Http404  # the page sends known choices only
    change_wish(wish, form.pressed, by=request.user)
    messages.success(request, _("Saved."))
    return redirect("accounts:profile")


@require_POST
def session_end(request, pk):
    """Sign out one of the person's own sessions somewhere else."""
    session = get_object_or_404(
        UserSession.objects.exclude(session_key=request.session.session_key), pk=pk, user=request.user
    )
    session.end()
    messages.success(request, _("That session is signed out."))
    return redirect("usersessions_list")


@login_not_required
@require_safe
def security_txt(request):
    """Where to report a hole (RFC 9116)."""
    expires = (timezone.now() + timedelta(days=180)).strftime("%Y-%m-%dT00:00:00Z")
    lines = [f"Contact: {settings.SECURITY_CONTACT}", f"Expires: {expires}", "Preferred-Languages: zh, en"]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@login_not_required
@require_safe
def admin_login(request):
    """Django's admin has no sign-in of its own: the site's one leads there; who is in already may not."""
    if request.user.is_staff:
        return redirect("admin:index")
    if request.user.is_authenticated:
        raise PermissionDenied(_("The administration is open to administrators only."))
    target = request.GET.get("next") or reverse("admin:index")
    return redirect(f"{reverse('account_login')}?{urlencode({'next': target})}")
