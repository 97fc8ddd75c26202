"""One style sheet out of many small files, without a build step.

`static/css/` keeps one file per component; a page asks for one address only. The address carries a digest of the
content, so a browser may keep it for a year and still never shows an old look.
"""

import hashlib
import re
from functools import lru_cache

from django import template
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse, HttpResponseNotModified
from django.urls import reverse
from django.views.decorators.http import require_safe

register = template.Library()
FIRST = "layers.css"
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
LEADING = re.compile(r"\n\s+")


def read():
    """Return (digest, text): the file that orders the layers first, then the rest by name, without comments."""
    folder = settings.BASE_DIR / "static" / "css"
    files = sorted(folder.rglob("*.css"), key=lambda path: (path.name != FIRST, str(path.relative_to(folder))))
    text = "\n".join(path.read_text("utf-8") for path in files)
    text = LEADING.sub("\n", COMMENT.sub("", text)).strip() + "\n"
    return hashlib.sha256(text.encode()).hexdigest()[:12], text


kept = lru_cache(maxsize=1)(read)


def bundle():
    """Read once per process; on a developer's machine on every call, so that a change shows at the next reload."""
    return read() if settings.DEBUG else kept()


@register.simple_tag
def stylesheet_url():
    """Template tag: where the present style sheet lies. Needs no request, so that the page for errors can use it."""
    return reverse("stylesheet", args=[bundle()[0]])


@login_not_required
@require_safe
def stylesheet(request, digest):
    """Serve the style sheet. Any other digest is 404: a year in a cache must not hold the wrong look under a name."""
    current, text = bundle()
    if digest != current:
        raise Http404
    etag = f'"{current}"'
    if request.headers.get("If-None-Match") in (etag, f"W/{etag}"):
        response = HttpResponseNotModified()
    else:
        response = HttpResponse(text, content_type="text/css; charset=utf-8")
    response["ETag"] = etag
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
