"""How somebody wants mail, asked for behind the link in a mail: no account, one choice."""

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.shortcuts import get_object_or_404, render
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from records.links import within_rate
from reminders import services
from reminders.models import Preference


@csrf_exempt  # RFC 8058: a mail program posts by itself, without cookie or token; the code opens this choice alone
@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def mail_wish(request, code):
    """What is stopped and what still comes, and one button; whatever fetches the address changes nothing."""
    if not within_rate(get_adapter(request).get_client_ip(request)):
        return render(request, "429.html", status=429)
    wish = get_object_or_404(Preference.objects.select_related("user"), code=code)
    if request.method == "POST":
        wish = services.silence(wish, "subscribe" not in request.POST)
    university = settings.UNIVERSITY.get(get_language(), settings.UNIVERSITY["zh-hans"])
    response = render(request, "reminders/mail_wish.html", {"wish": wish, "university": university})
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
