"""What a fragment needs that a page does not."""

from urllib.parse import urlencode, urlsplit, urlunsplit

from django.http import HttpResponse
from django.shortcuts import resolve_url
from django.utils.cache import patch_vary_headers


class FragmentMiddleware:
    """Keep sign-in out of boxes, and fragments out of the browser's page cache.

    A fragment asked for after the session ended is answered by a redirect to the sign-in page, which htmx would follow
    and draw inside the box. Every redirect into /account/ becomes HX-Redirect, a full load of that page; after signing
    in the person returns to the page they were on, not to the fragment's address.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        patch_vary_headers(response, ["HX-Request"])
        if request.headers.get("HX-Request") != "true" or response.status_code not in (301, 302, 303, 307):
            return response
        target = urlsplit(response["Location"])
        sign_in = resolve_url("account_login")
        if target.netloc or not target.path.startswith(sign_in.rsplit("/", 2)[0] + "/"):
            return response
        location = response["Location"]
        page = self.page(request)
        if target.path == sign_in and page:
            location = urlunsplit(target._replace(query=urlencode({"next": page})))
        full = HttpResponse(headers={"HX-Redirect": location})
        full.cookies = response.cookies
        patch_vary_headers(full, ["HX-Request"])
        return full

    def page(self, request):
        """The path of the page the fragment was asked from, only when it is ours."""
        current = urlsplit(request.headers.get("HX-Current-URL", ""))
        if current.netloc != request.get_host():
            return ""
        return urlunsplit(("", "", current.path, current.query, ""))
