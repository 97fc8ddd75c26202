"""The pages for what cannot be shown, and for what is refused with a sentence."""

from django.http import HttpResponseServerError
from django.shortcuts import render
from django.template.loader import render_to_string

from records.workflow import NotAllowed, Refused


def bad_request(request, exception):
    return render(request, "400.html", status=400)


def forbidden(request, exception):
    return render(request, "403.html", {"reason": str(exception)}, status=403)


def not_found(request, exception):
    return render(request, "404.html", status=404)


def too_many(request, exception=None):
    return render(request, "429.html", status=429)


def server_error(request):
    """Asks neither the database nor the session: either may be what failed."""
    return HttpResponseServerError(render_to_string("500.html"))


class RefusalMiddleware:
    """Show a service's refusal: 403 where the person may not, 409 where it is not possible now."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, exception):
        if isinstance(exception, NotAllowed):
            return render(request, "403.html", {"reason": exception.reason}, status=403)
        if isinstance(exception, Refused):
            return render(request, "409.html", {"reason": exception.reason}, status=409)
        return None
