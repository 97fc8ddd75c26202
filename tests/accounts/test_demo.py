"""One-click sign-in and the mail viewer exist in demonstration mode only."""

import pytest
from django.core import mail
from django.core.mail.backends.filebased import EmailBackend

from accounts.models import Role
from tests.accounts.factories import person, totp

pytestmark = pytest.mark.django_db


@pytest.fixture
def demo(settings, tmp_path):
    settings.DEMO = True
    settings.EMAIL_FILE_PATH = tmp_path
    return settings


def write(folder, *messages):
    backend = EmailBackend(file_path=str(folder))
    backend.send_messages(messages)


def letter(subject="您的账号", body="请打开\nhttp://testserver/i/abc/\nhttps://elsewhere.test/x\n<script>", **extra):
    return mail.EmailMessage(subject, body, "ronghe@localhost", ["zhao@example.test"], **extra)


class TestSignIn:
    def test_one_click(self, client, demo):
        someone = person(Role.LEAD, name="林薇", is_demo=True)
        page = client.get("/account/login/")
        assert f"/demo/{someone.pk}/" in page.content.decode()
        assert client.post(f"/demo/{someone.pk}/")["Location"] == "/"
        assert client.session["_auth_user_id"] == str(someone.pk)

    def test_from_one_account_into_the_next(self, client, demo):
        first, second = person(is_demo=True), person(Role.HR, is_demo=True)
        client.post(f"/demo/{first.pk}/")
        client.post(f"/demo/{second.pk}/")
        assert client.session["_auth_user_id"] == str(second.pk)

    def test_real_accounts_are_never_among_them(self, client, demo):
        real = person(is_demo=False)
        assert f"/demo/{real.pk}/" not in client.get("/account/login/").content.decode()
        assert client.post(f"/demo/{real.pk}/").status_code == 404
        assert "_auth_user_id" not in client.session

    def test_nor_disabled_ones(self, client, demo):
        assert client.post(f"/demo/{person(is_demo=True, is_active=False).pk}/").status_code == 404

    def test_not_outside_the_demonstration(self, client, settings):
        someone = person(is_demo=True)
        assert settings.DEMO is False
        assert f"/demo/{someone.pk}/" not in client.get("/account/login/").content.decode()
        assert client.post(f"/demo/{someone.pk}/").status_code == 404
        assert "_auth_user_id" not in client.session

    def test_not_by_reading(self, client, demo):
        assert client.get(f"/demo/{person(is_demo=True).pk}/").status_code == 405

    def test_no_way_around_a_second_factor(self, client, demo):
        someone = person(is_demo=True)
        totp(someone)
        assert client.post(f"/demo/{someone.pk}/")["Location"] == "/account/second-factor/authenticate/"


class TestMail:
    def test_newest_first_with_all_parts(self, client, demo, tmp_path):
        meeting = letter("Visit", "See you")
        meeting.attach("visit.ics", "BEGIN:VCALENDAR\nEND:VCALENDAR", "text/calendar")
        write(tmp_path, letter(), meeting)
        mails = client.get("/mail/").context["mails"]
        assert [found.subject for found in mails] == ["Visit", "您的账号"]
        text = client.get(f"/mail/{mails[0].key}/").content.decode()
        assert "BEGIN:VCALENDAR" in text
        assert "visit.ics" in text

    def test_only_our_own_links_are_links(self, client, demo, tmp_path):
        write(tmp_path, letter())
        key = client.get("/mail/").context["mails"][0].key
        text = client.get(f"/mail/{key}/").content.decode()
        assert '<a href="/i/abc/">http://testserver/i/abc/</a>' in text
        assert 'href="https://elsewhere.test' not in text
        assert "&lt;script&gt;" in text

    def test_broken_files_are_no_fault(self, client, demo, tmp_path):
        (tmp_path / "20261123-080000-1.log").write_bytes(b"\xff\xfe no mail at all")
        (tmp_path / "20261123-080001-2.log").write_bytes(b"")
        (tmp_path / "notes.txt").write_text("not ours")
        assert len(client.get("/mail/").context["mails"]) == 1
        assert client.get("/mail/20261123-080000-1-1/").status_code == 200

    @pytest.mark.parametrize("key", ["..-1", "secret-1", "20261123-080000-1-9", "20261123-080000-1-x", "x"])
    def test_no_way_out_of_the_folder(self, client, demo, tmp_path, key):
        (tmp_path / "secret.log").write_text("Subject: secret\n\nsecret")
        assert client.get(f"/mail/{key}/").status_code == 404

    def test_an_empty_box_says_what_would_be_there(self, client, demo):
        assert client.get("/mail/").status_code == 200

    @pytest.mark.parametrize("path", ["/mail/", "/mail/20261123-080000-1-1/"])
    def test_not_outside_the_demonstration(self, client, settings, path):
        assert client.get(path).status_code == 404
