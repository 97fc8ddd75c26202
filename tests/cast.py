"""The cast: one person per role, and a stranger per side, so that a test reads like a story.

`cast.officer` keeps enterprise `cast.a` in department `cast.d1`; `cast.hr` is its keeper. Everyone else is near or far:
a colleague of the officer from another department, HR of another enterprise, somebody who has left, somebody disabled.
"""

import re
from types import SimpleNamespace

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Role
from tests.partnerships.factories import (
    ContactFactory,
    DepartmentFactory,
    EnterpriseFactory,
    MemberFactory,
    UserFactory,
)

SCHOOL_CAST = ("administrator", "lead", "officer", "other_officer", "teacher", "counsellor")
ENTERPRISE_CAST = ("hr", "colleague_hr", "hr_of_both", "former_hr", "stranger_hr")


def gather():
    """Create the whole cast and the stage it stands on."""
    d1, d2 = DepartmentFactory(name="机电工程学院"), DepartmentFactory(name="现代商贸学院")
    cast = SimpleNamespace(d1=d1, d2=d2)
    for name in SCHOOL_CAST:
        role = Role(name.removeprefix("other_"))
        setattr(cast, name, _person(name, role, d2 if name == "other_officer" else d1))
    for name in (*ENTERPRISE_CAST, "disabled"):
        setattr(cast, name, _person(name, Role.HR if name in ENTERPRISE_CAST else Role.OFFICER, None))
    cast.disabled.is_active = False
    cast.disabled.save(update_fields=["is_active"])

    cast.a = EnterpriseFactory(name="杭州恒力轴承有限公司", owner=cast.officer, lead_department=d1)
    cast.b = EnterpriseFactory(name="宁波远洋物流有限公司")
    MemberFactory(enterprise=cast.a, user=cast.hr, is_keeper=True)
    MemberFactory(enterprise=cast.a, user=cast.colleague_hr)
    MemberFactory(enterprise=cast.a, user=cast.hr_of_both)
    MemberFactory(enterprise=cast.b, user=cast.hr_of_both)
    MemberFactory(enterprise=cast.a, user=cast.former_hr, left_on=timezone.localdate())
    MemberFactory(enterprise=cast.b, user=cast.stranger_hr, is_keeper=True)
    cast.foreman = ContactFactory(enterprise=cast.a, name="钱波", honorific="钱师傅")
    return cast


def _person(name, role, department):
    return UserFactory(email=f"{name}@example.org", name=name, role=role, department=department)


@pytest.fixture
def cast(db):
    return gather()


@pytest.fixture
def signed_in():
    """A function (user) -> a client signed in as that person; nobody for None."""

    def sign_in(user=None, **defaults):
        client = Client(headers={"accept-language": "en"}, **defaults)
        if user is not None:
            client.force_login(user)
        return client

    return sign_in


def bare(response):
    """The page without its form token and without the address that was asked for, which the language switch repeats:
    two refusals must be equal to the byte."""
    content = response.content.replace(response.request["PATH_INFO"].encode(), b"")
    return re.sub(rb'name="csrfmiddlewaretoken" value="[^"]+"', b"", content)
