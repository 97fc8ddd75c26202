"""Files go out through the door of what they belong to."""

import io

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_safe
from PIL import Image

from accounts.access import client_address
from records.files import attachment, open_file
from records.models import File
from records.services import look

#: The longest side of a picture inside a page, in pixels: about 60 kB, whatever the camera made.
SHOWN = 640


def visible_file(user, key):
    """The File under `key` if its subject is visible to `user`. Raises Http404, the same as for a key nobody knows."""
    file = File.objects.select_related("subject_type").filter(key=key).first()
    model = file.subject_type.model_class() if file and file.subject_type else None
    door = getattr(getattr(model, "objects", None), "visible_to", None)
    if door is None or not door(user).filter(pk=file.subject_id).exists():
        raise Http404
    return file


@require_safe
def file(request, key):
    found = visible_file(request.user, key)
    response = attachment(found)
    look("file.read", subject=found, by=request.user, address=client_address(request))
    return response


@require_safe
def file_picture(request, key):
    """The picture made small, to stand inside a page. Nothing else is ever shown in place."""
    return picture_response(visible_file(request.user, key))


def picture_response(file):
    """`file` as a small picture; the caller has checked who asks. Raises Http404 for what is none."""
    if not file.is_picture:
        raise Http404
    with open_file(file) as stored, Image.open(stored) as picture:
        picture.draft("RGB", (SHOWN, SHOWN))
        picture.thumbnail((SHOWN, SHOWN))
        out = io.BytesIO()
        picture.convert("RGB").save(out, "JPEG", quality=78)
    response = HttpResponse(out.getvalue(), content_type="image/jpeg")
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, max-age=3600"
    return response
