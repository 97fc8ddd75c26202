"""Coming in: by invitation, password, code, app and passkey; and being put out again."""

import re
import threading
import time

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import expect

from config import localdb
from tests.e2e.site import Site
from tests.e2e.visitor import RUN
from tests.smoke.machine import BIN, ROOT, free_port, listens, server, wait_until

PASSWORD = "一条足够长的口令 2026"
LANGUAGES = ["zh-hans", "en"]


def invite(administrator, email, name):
    """An administrator invites an officer; returns the link to pass on."""
    page = administrator.page
    administrator.open("/people/invite/")
    page.locator("[name=name]").fill(name)
    page.locator("[name=email]").fill(email)
    page.locator("[name=role]").select_option("officer")
    page.locator("[name=department]").select_option(index=1)
    page.locator("form.form [name=language]").select_option(administrator.language)
    administrator.button("Invite").click()
    expect(page.locator(".qr svg")).to_be_visible()
    return page.locator("#message").input_value().rsplit("\n", 1)[1]


def mail_to(visitor, email):
    """Open the newest mail to an address in the mail viewer; the worker may still be at it."""

    def there():
        visitor.open("/mail/")
        return visitor.page.locator("li.card", has_text=email).count()

    wait_until(there, 90, f"no mail to {email}")
    visitor.page.locator("li.card", has_text=email).first.get_by_role("link").click()
    return visitor.page.locator(".mail__body").first


def accept(person):
    """On the invitee's page: the password, and in."""
    person.site.rows("DELETE FROM django_cache WHERE cache_key LIKE %s", "%invitation%")  # ten a minute and address
    person.page.reload()
    expect(person.page.locator("[name=password]")).to_be_visible()
    person.page.locator("[name=password]").fill(PASSWORD)
    person.button("Open my account").click()
    expect(person.page.locator(".menu__name").first).to_be_attached()


def new_officer(visitors, places, key, **how):
    """Somebody who came in by invitation: (visitor, e-mail)."""
    email = f"{key}.{RUN}@qinglan.example"
    administrator = visitors(language=how.get("language", "zh-hans")).sign_in(places["accounts"]["administrator"][0])
    address = invite(administrator, email, f"新来的{key}")
    person = visitors(**how)
    person.open(address)
    accept(person)
    return person, email


def sign_out(person):
    person.open("/account/logout/")
    person.page.locator("main form button").first.click()
    expect(person.page.locator("[name=login]")).to_be_visible()


def sign_in_by_password(person, email, password=PASSWORD):
    person.open("/account/login/")
    person.page.locator("[name=login]").fill(email)
    person.page.locator("[name=password]").fill(password)
    person.page.locator("form", has=person.page.locator("[name=password]")).get_by_role("button").click()


def code_of(secret):
    """The code of this half minute, once enough of it is left to type it."""
    wait_until(lambda: time.time() % 30 < 20, 11, "the half minute does not end")
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def test_from_the_invitation_to_the_app(visitors, places, site, variant):
    """Invited, mailed, accepted; the second step is offered, set up, and asked for at the next sign-in."""
    key = f"{variant['language']}{'' if variant['js'] else '-plain'}"
    email = f"app.{key}.{RUN}@qinglan.example"
    administrator = visitors(language=variant["language"]).sign_in(places["accounts"]["administrator"][0])
    invite(administrator, email, "许青")
    person = visitors(**variant)
    page = person.page
    mail_to(person, email).get_by_role("link").click()
    accept(person)

    person.link("Add a second step to sign-in").click()
    page.locator("main a[href*='totp/activate']").click()
    secret = page.locator("#authenticator_secret").input_value()
    page.locator("main [name=code]").fill(code_of(secret))
    page.locator("main form", has=page.locator("[name=code]")).get_by_role("button").click()
    expect(page.locator("main [name=code]")).to_have_count(0)

    sign_out(person)
    sign_in_by_password(person, email)
    expect(page.locator("[name=code]")).to_be_visible()
    page.locator("[name=code]").fill("000000")
    page.locator("main form", has=page.locator("[name=code]")).get_by_role("button").click()
    expect(page.locator(".field--wrong, .errors, .error-summary").first).to_be_visible()
    site.rows("DELETE FROM django_cache WHERE cache_key LIKE %s", "%totp.used%")  # half a minute has passed
    page.locator("[name=code]").fill(code_of(secret))
    page.locator("main form", has=page.locator("[name=code]")).get_by_role("button").click()
    page.wait_for_url("**/today/")


@pytest.mark.parametrize("js", [True, False], ids=["js", "without-js"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_code_by_mail(visitors, places, language, js):
    person, email = new_officer(visitors, places, f"code{language[:2]}{js:d}", language=language, width=360, js=js)
    sign_out(person)
    person.link("Send me a sign-in code").click()
    person.page.locator("main [name=email]").fill(email)
    person.page.locator("main form", has=person.page.locator("[name=email]")).get_by_role("button").first.click()
    expect(person.page.locator("[name=code]")).to_be_visible()
    reader = visitors(language=language)
    code = re.search(r"^\s*([A-Z0-9]{3,}(?:-?[A-Z0-9]{3,})?)\s*$", mail_to(reader, email).inner_text(), re.MULTILINE)[1]
    person.page.locator("[name=code]").fill(code)
    person.page.locator("main form", has=person.page.locator("[name=code]")).get_by_role("button").first.click()
    person.page.wait_for_url("**/today/")


@pytest.mark.parametrize("language", LANGUAGES)
def test_wrong_passwords_lock_one_account(visitors, places, language):
    """After five attempts a sentence says to wait; nobody else is kept out."""
    person, email = new_officer(visitors, places, f"lock{language[:2]}", language=language)
    sign_out(person)
    for _ in range(5):
        sign_in_by_password(person, email, "not the password")
        expect(person.page.locator(".errors, .error-summary").first).to_be_visible()
    sign_in_by_password(person, email)
    sentence = "Too many wrong passwords for this account. Try again in %(minutes)d minute, or use a code sent by mail."
    plural = sentence.replace("minute,", "minutes,")
    expect(person.page.locator("main")).to_contain_text(person.say_number(sentence, plural, 15))
    visitors(language=language).sign_in(places["accounts"]["officer"][1])


def test_a_passkey(visitors, places):
    """Added with Chromium's own virtual authenticator, then the only thing shown at the next sign-in."""
    person, _email = new_officer(visitors, places, "passkey", language="en")
    page = person.page
    keys = person.context.new_cdp_session(page)
    keys.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    keys.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    person.open("/account/second-factor/webauthn/add/")
    page.locator("[name=passwordless]").check()
    page.locator("#mfa_webauthn_add").click()
    page.wait_for_url(re.compile(r"webauthn/(?!add)|recovery-codes"))
    sign_out(person)
    page.locator("#passkey_login").click()
    page.wait_for_url("**/today/")


def test_another_session_is_ended(visitors, places):
    here, email = new_officer(visitors, places, "twice", language="en")
    there = visitors(language="en", width=360)
    sign_in_by_password(there, email)
    there.page.wait_for_url("**/today/")
    here.open("/account/sessions/")
    here.page.locator("tbody form button").click()
    expect(here.page.get_by_text(here.say("That session is signed out."))).to_be_visible()
    there.page.locator(".dock a").first.click()
    there.page.wait_for_url("**/account/login/**")
    here.open("/today/")
    assert here.url_path() == "/today/"


def test_a_stopped_person_is_out_at_the_next_click(visitors, places):
    person, email = new_officer(visitors, places, "stop", language="en", width=360)
    administrator = visitors(language="en").sign_in(places["accounts"]["administrator"][0])
    administrator.open(f"/people/?q={email}")
    administrator.page.locator("tbody a").first.click()
    administrator.button("Stop this account").click()
    expect(administrator.page.locator(".badge--trouble")).to_be_visible()
    person.page.locator(".dock a").first.click()
    person.page.wait_for_url("**/account/login/**")
    sign_in_by_password(person, email)
    person.page.wait_for_url("**/account/inactive/")
    person.open("/today/")
    assert person.url_path() == "/account/login/"


# --- a real mail server ------------------------------------------------------------------------------------------


class Sink:
    """Takes every mail and rings."""

    def __init__(self):
        self.mails, self.rung = [], threading.Event()

    async def handle_DATA(self, server, session, envelope):
        self.mails.append(envelope)
        self.rung.set()
        return "250 Message accepted for delivery"


@pytest.fixture
def by_smtp(site, tmp_path):
    """The same site answering on another port and sending its mail to a real SMTP server: (Site, Sink)."""
    from aiosmtpd.controller import Controller

    sink = Sink()
    controller = Controller(sink, hostname="127.0.0.1", port=free_port())
    controller.start()
    port = free_port()
    other = Site(f"http://localhost:{port}", tmp_path / "var", database=site.var_dir)
    for folder in ("broker/queue", "broker/control"):
        (other.var_dir / folder).mkdir(parents=True)
    environment = other.environment | {
        "DATABASE_URL": localdb.url(site.var_dir), "EMAIL_URL": f"smtp://127.0.0.1:{controller.port}",
    }  # fmt: skip
    web = [BIN / "gunicorn", "config.wsgi", f"--bind=127.0.0.1:{port}", "--threads=2", "--no-control-socket"]
    worker = [BIN / "celery", "--app=config", "worker", "--concurrency=1", "--without-gossip", "--without-mingle"]
    log = tmp_path / "smtp.log"
    with (
        server(web, log, cwd=ROOT, env=environment),
        server(worker, tmp_path / "worker.log", cwd=ROOT, env=environment),
    ):
        wait_until(lambda: listens(port), 30, log.read_text)
        yield other, sink
    controller.stop()


def test_mail_leaves_through_smtp(browser, places, by_smtp):
    """The invitation by the worker, the sign-in code at once."""
    from email import message_from_bytes, policy

    from tests.e2e.visitor import Visitor

    other, sink = by_smtp
    administrator = Visitor(browser, other, language="zh-hans").sign_in(places["accounts"]["administrator"][0])
    email = f"smtp.{RUN}@qinglan.example"
    address = invite(administrator, email, "邮差")
    assert sink.rung.wait(90), "the invitation never arrived"
    mail = message_from_bytes(sink.mails[0].content, policy=policy.default)
    assert sink.mails[0].rcpt_tos == [email]
    assert address in mail.get_body().get_content()

    person = Visitor(browser, other, language="zh-hans", width=360)
    person.open(address)
    accept(person)
    sign_out(person)
    sink.rung.clear()
    person.open("/account/login/code/")
    person.page.locator("main [name=email]").fill(email)
    person.page.locator("main form", has=person.page.locator("[name=email]")).get_by_role("button").first.click()
    assert sink.rung.wait(30), "the code never arrived"
    text = message_from_bytes(sink.mails[-1].content, policy=policy.default).get_body().get_content()
    code = re.search(r"^\s*([A-Z0-9]{3,}(?:-?[A-Z0-9]{3,})?)\s*$", text, re.MULTILINE)[1]
    person.page.locator("[name=code]").fill(code)
    person.page.locator("main form", has=person.page.locator("[name=code]")).get_by_role("button").first.click()
    person.page.wait_for_url("**/today/")
    person.leave()
    administrator.leave()
