"""Fragments never show a sign-in page inside a box."""

from http import HTTPStatus

import pytest
from django.http import HttpResponse, HttpResponseRedirect
from django.test import RequestFactory
from django.urls import reverse

from config.htmx import FragmentMiddleware


def answer(response, **headers):
    request = RequestFactory().get("/partners/", headers={"host": "testserver", **headers})
    return FragmentMiddleware(lambda request: response)(request)


def sign_in_redirect(query="next=/partners/%3Fafter%3D7"):
    return HttpResponseRedirect(f"{reverse('account_login')}?{query}")


def test_a_fragment_after_the_session_ended_loads_the_whole_sign_in_page():
    response = answer(
        sign_in_redirect(), **{"hx-request": "true", "hx-current-url": "http://testserver/partners/?q=a&sort=name"}
    )
    assert response.status_code == HTTPStatus.OK
    assert response["HX-Redirect"] == f"{reverse('account_login')}?next=%2Fpartners%2F%3Fq%3Da%26sort%3Dname"
    assert not response.content


def test_a_foreign_page_is_no_place_to_return_to():
    response = answer(sign_in_redirect(), **{"hx-request": "true", "hx-current-url": "https://elsewhere.example/x"})
    assert response["HX-Redirect"].endswith("?next=/partners/%3Fafter%3D7")


def test_a_second_factor_page_is_loaded_whole_too_and_cookies_stay():
    redirect = HttpResponseRedirect(reverse("mfa_index"))
    redirect.set_cookie("language", "en")
    response = answer(redirect, **{"hx-request": "true"})
    assert response["HX-Redirect"] == reverse("mfa_index")
    assert response.cookies["language"].value == "en"


@pytest.mark.parametrize("location", ["/partners/7/", "https://elsewhere.example/account/login/", "/accounting/"])
def test_other_redirects_pass(location):
    response = answer(HttpResponseRedirect(location), **{"hx-request": "true"})
    assert response.status_code == HTTPStatus.FOUND
    assert "HX-Redirect" not in response


def test_a_whole_page_is_redirected_as_ever():
    assert answer(sign_in_redirect()).status_code == HTTPStatus.FOUND


def test_caches_keep_fragment_and_page_apart():
    assert "HX-Request" in answer(HttpResponse("page"))["Vary"]
    assert "HX-Request" in answer(sign_in_redirect(), **{"hx-request": "true"})["Vary"]


@pytest.mark.django_db
def test_through_the_whole_stack(client):
    response = client.get(
        reverse("accounts:profile"), headers={"hx-request": "true", "hx-current-url": "http://testserver/today/"}
    )
    assert response.status_code == HTTPStatus.OK
    assert response["HX-Redirect"] == f"{reverse('account_login')}?next=%2Ftoday%2F"
    assert response["Content-Security-Policy"]
