"""Addresses that people carry by hand are short; those that anybody may open by a code are all known here."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.models import Invitation, Role
from accounts.services import invite_person
from partnerships.models import Seminar
from partnerships.services.links import address
from partnerships.views.seminar_door import door_address
from records import links
from tests.access import names_of

pytestmark = pytest.mark.django_db

#: What a chat program shows on one line, and so the longest that a link may be (the last line of every message).
LONGEST = 40
#: The longest address of a site with which every link keeps to it: 26 characters, as docs/operations.md says.
LONGEST_SITE = "https://rhe.example.edu.cn"
DEMONSTRATION = "http://localhost:8000"
#: Every address with a code in it: those that are carried by hand, and those that are not.
CARRIED = {"partnerships:link", "partnerships:door", "accounts:invitation_accept"}
NOT_CARRIED = {
    "partnerships:calendar_feed",  # pasted into one's own calendar program; it never expires, so its code is long
    "reminders:mail_wish",  # stands in a mail alone
    "partnerships:link_opened", "partnerships:link_ask", "partnerships:link_picture", "partnerships:link_file",
}  # fmt: skip


def test_every_address_with_a_code_is_known_here():
    coded = {name for name, pattern in names_of() if "code" in pattern.pattern.regex.groupindex}
    assert coded == CARRIED | NOT_CARRIED


@pytest.mark.parametrize("site", [LONGEST_SITE, DEMONSTRATION])
def test_links_and_invitations_have_at_most_40_characters(cast, settings, site):
    settings.SITE_SHORT_URL = site
    assert len(site) <= 26
    link = links.hand_out("partnership", subject=cast.a, stream=cast.a.pk, by=cast.officer)
    invitation = invite_person(by=cast.lead, name="赵敏", role=Role.HR)
    seminar = Seminar()
    for text, name, code in (
        (address(link), "partnerships:link", link.code),
        (door_address(seminar), "partnerships:door", seminar.code),
        (invitation.link, "accounts:invitation_accept", invitation.code),
    ):
        assert text == site + reverse(name, args=[code])
        assert len(text) <= LONGEST
        assert not text.endswith("/")


def test_a_longer_name_needs_the_short_one(cast, settings):
    """What the operations page says: with 29 characters the links have 43; the short name brings them below 40."""
    settings.SITE_URL = settings.SITE_SHORT_URL = "https://ronghe.example.edu.cn"
    link = links.hand_out("partnership", subject=cast.a, stream=cast.a.pk, by=cast.officer)
    assert len(address(link)) == 43
    settings.SITE_SHORT_URL = "https://rh.example.edu.cn"
    assert len(address(link)) == 39


@pytest.mark.parametrize("code", ["1234567891", "O1234567891", "l1234567891", ""])
def test_no_invitation_has_a_code_that_can_be_guessed(cast, code):
    made = invite_person(by=cast.lead, name="赵敏", role=Role.HR)
    with pytest.raises(IntegrityError, match="invitation_code_long_enough"), transaction.atomic():
        Invitation.objects.filter(pk=made.pk).update(code=code)
