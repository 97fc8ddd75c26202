"""Every page that can be opened, with an object of the demonstration behind it. Run beside a site: prints JSON.

Pages are named by URL name; {role: {name: path}}. Names that only take a POST stand in POSTS, so that a new address has
to be put somewhere (tests/e2e/test_pages.py).
"""

import json
import os

POSTS = {
    "reports:view_save", "reports:view_rename", "reports:view_delete",
    "reminders:forward_move", "partnerships:hand_over_read",
    "accounts:language_set", "accounts:session_end", "accounts:profile_mail", "accounts:invitation_send_again", "accounts:invitation_withdraw",
    "accounts:person_disable", "accounts:person_enable", "accounts:person_role", "accounts:demo_login",
    "reminders:rule_switch", "reminders:delivery_resend",
    "reminders:task_snooze", "reminders:task_wake", "reminders:task_remind", "partnerships:enterprise_messages",
    "partnerships:enterprise_shutdown", "partnerships:shutdown_remove", "partnerships:portal_shutdown_remove",
    "partnerships:enterprise_move", "partnerships:contact_return", "partnerships:site_reopen",
    "partnerships:seat_keeper", "partnerships:portal_proxy_confirm", "partnerships:portal_proxy_correct",
    "partnerships:portal_keeper", "partnerships:link_withdraw", "partnerships:link_renew", "partnerships:link_opened",
    "partnerships:link_ask", "partnerships:import_apply", "partnerships:import_discard",
    "partnerships:seminar_cancel", "partnerships:seminar_close", "partnerships:seminar_attendance",
    "partnerships:seminar_item_new", "partnerships:seminar_item_done", "partnerships:portal_item_done",
    "partnerships:seminar_attendee_new", "partnerships:portal_feedback",
    "partnerships:agreement_delete", "partnerships:agreement_move", "partnerships:agreement_comment",
    "partnerships:agreement_settle", "partnerships:agreement_agree", "partnerships:agreement_link",
    "partnerships:agreement_renew", "partnerships:portal_agreement_agree", "partnerships:portal_agreement_comment",
    "partnerships:portal_agreement_settle", "partnerships:agreement_signature", "partnerships:agreement_seen",
    "partnerships:portal_agreement_seen",
    "partnerships:obligation_move", "partnerships:obligation_link",
    "partnerships:agreement_document", "partnerships:agreement_paper", "partnerships:agreement_paper_undo",
    "partnerships:scan_page", "partnerships:scan_apply", "partnerships:scan_discard", "partnerships:scan_sign",
    "partnerships:template_use",
    "partnerships:registration_accept", "partnerships:registration_refuse", "partnerships:portal_invitation",
    "partnerships:need_link", "partnerships:need_move", "partnerships:need_decide", "partnerships:match_reconsider",
    "partnerships:offer_withdraw", "partnerships:offer_decide", "partnerships:ask_move", "partnerships:ask_seen",
    "partnerships:ask_link", "partnerships:portal_need_move",
}  # fmt: skip
#: No page: a redirect, a file, a picture, a sheet, plain text, a stylesheet.
NO_PAGES = {
    "home", "healthz", "healthz_reminders", "stylesheet", "accounts:security_txt", "reports:export_file",
    "reports:view_open", "partnerships:import_return", "partnerships:file", "partnerships:file_picture",
    "partnerships:link_picture", "partnerships:link_file", "partnerships:calendar_feed",
    "partnerships:seminar_calendar", "partnerships:template_starter", "partnerships:template_preview",
}  # fmt: skip


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    print(json.dumps(collect(), ensure_ascii=False))


def collect():
    from accounts.models import Department, User
    from partnerships.models import Enterprise

    pages = {}
    for role, names in objects().items():
        pages[role] = {name: address(name.split()[0], args) for name, args in names.items()}
    accounts = {}
    for user in User.objects.filter(is_demo=True, is_active=True).order_by("pk"):
        accounts.setdefault(user.role, []).append({"pk": user.pk, "name": user.name, "latin": user.name_en})
    latin = [*Enterprise.objects.values_list("name_en", flat=True), *User.objects.values_list("name_en", flat=True)]
    return {
        "pages": pages,
        "accounts": accounts,
        "latin": [*latin, *Department.objects.values_list("name_en", flat=True)],
    }


def address(name, arguments):
    """The address; an argument that begins with "?" is its query."""
    from django.urls import reverse

    words = [str(word) for word in arguments]
    query = "".join(word for word in words if word.startswith("?"))
    return reverse(name, args=[word for word in words if not word.startswith("?")]) + query


def objects():
    """{role: {URL name: arguments}}."""
    from django.utils import timezone

    from accounts import mailbox
    from accounts.models import User
    from partnerships.models import (
        AgreementPreset,
        Assessment,
        Contact,
        Enterprise,
        HandOver,
        Import,
        Registration,
        Site,
        Touchpoint,
        Trip,
    )
    from partnerships.services.merging import suspected_pairs
    from records.models import Link
    from reminders.models import Preference, Task

    lin = User.objects.get(email="lin.wei@qinglan.example")
    firm = Enterprise.objects.get(short_name="砺锋精密")
    pk = firm.pk
    ye, alone = User.objects.get(email="ye.qing@qinglan.example"), Enterprise.objects.get(short_name="味澜餐饮")
    zhao = firm.contacts.get(name="赵敏")
    guest = firm.contacts.filter(user=None, left_on=None).first() or zhao
    site = Site.objects.filter(enterprise=firm).first()
    assessment = Assessment.objects.order_by("pk").first()
    trip = Trip.objects.filter(logged_by=lin, touchpoints__files=None).order_by("-starts_on", "pk").first()
    one, other = suspected_pairs(Enterprise.objects.all())[0]
    now = timezone.now()
    links = Link.objects.filter(withdrawn_at=None, expires_at__gt=now, purpose="answer").order_by("pk")
    link, answered = links.filter(answered_at=None).first(), links.exclude(answered_at=None).first()
    visits = Link.objects.filter(withdrawn_at=None, expires_at__gt=now, purpose="visit").order_by("pk")
    visit, visited = visits.filter(answered_at=None).first(), visits.exclude(answered_at=None).first()
    dead = Link.objects.filter(expires_at__lt=now).first() or Link.objects.exclude(withdrawn_at=None).first()
    preview = Import.objects.filter(state="preview").first()
    visits = Import.objects.filter(kind="visits", state="preview").first()
    listed = Trip.objects.exclude(listed={}).first()
    alone = Touchpoint.objects.standing().filter(enterprise=firm, trip=None, proxy=None, logged_by=lin).first()
    own = Touchpoint.objects.filter(enterprise=firm, logged_by__role="hr").first()
    invitation = an_open_invitation()
    colleague = Contact.objects.filter(enterprise=firm, left_on=None).exclude(pk=zhao.pk).first()
    mail = mailbox.latest(1)
    ahead, held, seat, came, invited = seminars(lin, firm)
    paper, asked = agreements(lin, firm), asks(lin, firm)
    promised = promises(lin, firm)
    year = firm.results.filter(kind="school").latest("year").year
    task = Task.objects.open().filter(owner=lin, side="school", rule="gap").first()
    export, chosen, changed = kept_lists(lin, firm)

    officer = {
        "reports:today": [], "reminders:forward": [], "partnerships:enterprise_list": [], "partnerships:enterprise_new": [],
        "partnerships:enterprise_detail": [pk], "partnerships:enterprise_edit": [pk],
        "partnerships:enterprise_hand_over": [pk], "partnerships:contact_new": [pk],
        "partnerships:enterprise_cadence": [pk], "partnerships:enterprise_health": [pk], "reminders:task_detail": [task.pk],
        "partnerships:contact_edit": [guest.pk], "partnerships:contact_left": [guest.pk],
        "reports:contact_rhythm": [], "partnerships:portfolio_hand_over": [lin.pk],
        "partnerships:site_new": [pk], "partnerships:site_edit": [site.pk], "partnerships:site_close": [site.pk],
        "partnerships:assessment_new": [pk], "partnerships:assessment_detail": [assessment.pk],
        "partnerships:trip_list": [], "partnerships:trip_new": [], "partnerships:trip_detail": [trip.pk],
        "partnerships:trip_edit": [trip.pk], "partnerships:trip_print": [trip.pk],
        "partnerships:touchpoint_new": [pk], "partnerships:proxy_new": [pk], "partnerships:timeline": [pk],
        "partnerships:touchpoint_correct": [alone.pk], "partnerships:touchpoint_withdraw": [alone.pk],
        "partnerships:import_detail (visits)": [visits.pk], "partnerships:trip_detail (listed)": [listed.pk],
        "partnerships:touchpoint_detail": [Touchpoint.objects.filter(enterprise=firm).latest("happened_at").pk],
        "partnerships:thread": [pk], "partnerships:message_on_behalf": [pk], "partnerships:seat_invite": [guest.pk],
        "partnerships:link_hand_out": [pk], "partnerships:link_carry": [link.stream, link.pk],
        "partnerships:link_carry (answered)": [answered.stream, answered.pk],
        "partnerships:link_carry (visit)": [visited.stream, visited.pk],
        "partnerships:seminar_list": [], "partnerships:seminar_new": [], "partnerships:calendar_own": [],
        "partnerships:seminar_detail": [ahead.pk], "partnerships:seminar_edit": [ahead.pk],
        "partnerships:seminar_invite": [ahead.pk], "partnerships:seminar_print": [ahead.pk],
        "partnerships:seminar_guest": [ahead.pk, seat.pk], "partnerships:seminar_detail (held)": [held.pk],
        "partnerships:seminar_minutes": [held.pk], "partnerships:seminar_print (signed in)": [held.pk],
        "partnerships:seminar_door": [ahead.pk], "partnerships:seminar_feedback": [held.pk, came.pk],
        "partnerships:preset_list": [], "partnerships:agreement_list": [], "partnerships:agreement_ends": [], "partnerships:agreement_start": [],
        "partnerships:agreement_new": [pk], "partnerships:agreement_detail": [paper["review"]],
        "partnerships:agreement_detail (draft)": [paper["draft"]],
        "partnerships:agreement_detail (amended)": [paper["amended"]],
        "partnerships:agreement_detail (amendment)": [paper["amendment"]],
        "partnerships:agreement_edit": [paper["review"]], "partnerships:agreement_edit (draft)": [paper["draft"]],
        "partnerships:agreement_filing": [paper["amended"]], "partnerships:agreement_print": [paper["amended"]],
        "partnerships:agreement_on_behalf": [paper["review"]], "partnerships:agreement_amend": [paper["plain"]],
        "partnerships:agreement_blocks": [paper["amendment"]],
        "partnerships:need_list": [], "partnerships:wish_new": [], "partnerships:need_new": [pk],
        "partnerships:need_detail": [asked["need"]], "partnerships:need_detail (wish)": [asked["wish"]],
        "partnerships:need_detail (matched)": [asked["matched"]], "partnerships:need_edit": [asked["need"]],
        "partnerships:offer_list": [], "partnerships:offer_new": [], "partnerships:offer_detail": [asked["offer"]],
        "partnerships:offer_edit": [asked["offer"]], "partnerships:ask_list": ["?closed=true"],
        "partnerships:ask_new": [pk], "partnerships:ask_new (no room)": [asked["full"]],
        "partnerships:ask_detail": [asked["waits"]], "partnerships:ask_detail (answered)": [asked["answered"]],
        "partnerships:ask_on_behalf": [asked["waits"]], "partnerships:link_carry (ask)": [pk, asked["link"].pk],
        "partnerships:result_list": [f"?year=school-{year}"], "partnerships:result_enter": [f"?year=school-{year}"],
        "partnerships:result_edit": [pk, "school", year],
        "partnerships:obligation_list": [], "partnerships:obligation_list (all)": ["?settled=true"],
        "partnerships:obligation_detail": [promised["ours"]], "partnerships:obligation_detail (theirs)": [promised["theirs"]],
        "partnerships:obligation_detail (kept)": [promised["kept"]],
        "partnerships:obligation_keep": [promised["theirs"]], "partnerships:obligation_edit": [promised["theirs"]],
        "partnerships:obligation_new": [promised["agreement"]], "partnerships:agreement_ending": [promised["ending"]],

        "partnerships:agreement_detail (on paper)": [paper["on_paper"]],
        "partnerships:paper_away": [], "partnerships:template_list": [], "partnerships:scan_list": [],
        "partnerships:scan_new": [], "partnerships:scan_detail": [paper["stack"]],
        "partnerships:scan_detail (filed)": [paper["filed"]],
        "partnerships:paper_many": [f"?agreements={paper['on_paper']}&agreements={paper['review']}&step=seal"],
        "partnerships:agreement_detail (signing)": [paper["signing"]],
        "partnerships:agreement_detail (sent back)": [paper["sent_back"]],
        "partnerships:agreement_ask": [paper["signing"]], "partnerships:agreement_signed": [paper["signing"]],
        "partnerships:agreement_correct": [paper["signing"]],
        "partnerships:import_list": [], "partnerships:import_new": [], "partnerships:import_detail": [preview.pk],
        "reports:export_list": [], "reports:export_detail": [export.pk], "reports:view_list": [],
        "reports:list_export": ["partners"], "partnerships:bulk": [chosen + "&do=hand_over"],
        "partnerships:bulk (check)": [chosen + "&do=tier&tier=1&check=1"], "partnerships:bulk_detail": [changed.pk],
        "partnerships:registration_list": [],
        "partnerships:registration_detail": [Registration.objects.waiting().first().pk],
        "accounts:profile": [], "mfa_index": [], "mfa_activate_totp": [], "mfa_add_webauthn": [],
        "mfa_list_webauthn": [], "usersessions_list": [], "account_logout": [], "account_set_password": [],
    }  # fmt: skip
    lead = {
        "partnerships:ask_new": [asked["full"]],
        "partnerships:portfolio_hand_over": [ye.pk], "partnerships:hand_over": [HandOver.objects.earliest("pk").pk],
        "reports:contact_rhythm": [], "partnerships:enterprise_detail": [alone.pk],
        "partnerships:health_list": [], "partnerships:health_portfolios": [], "partnerships:enterprise_health": [pk],
        "partnerships:duplicate_list": [], "partnerships:enterprise_merge": [one.pk, other.pk],
        "reports:today": [], "partnerships:enterprise_list": [],
        "partnerships:template_new": [], "partnerships:template_detail": [paper["template"]],
        "partnerships:agreement_sign": [paper["both"]],
        "partnerships:agreement_end": [paper["plain"]], "partnerships:preset_list": [], "partnerships:preset_new": [],
        "partnerships:preset_edit": [AgreementPreset.objects.first().pk], "partnerships:agreement_detail": [paper["plain"]],
        "reminders:centre": [], "reminders:rule": ["gap"], "reminders:delivery_list": [],
    }  # fmt: skip
    administrator = {
        "accounts:people": [], "accounts:person": [lin.pk], "accounts:invitation_new": [],
        "accounts:invitation_list": [], "accounts:invitation": [invitation.pk],
    }  # fmt: skip
    hr = {
        "partnerships:portal_needs": [pk], "partnerships:portal_need": [pk, asked["need"]],
        "partnerships:portal_need_new": [pk], "partnerships:portal_need_edit": [pk, asked["need"]],
        "partnerships:portal_need (withdrawn)": [pk, asked["withdrawn"]], "partnerships:portal_offers": [pk],
        "partnerships:portal_asks": [pk], "partnerships:portal_ask": [pk, asked["waits"]],
        "partnerships:portal_agreements": [pk], "partnerships:portal_agreement": [pk, paper["review"]],
        "partnerships:portal_agreement (amended)": [pk, paper["amended"]],
        "partnerships:portal_agreement_edit": [pk, paper["review"]],
        "partnerships:portal_results": [pk], "partnerships:portal_obligations": [pk], "partnerships:portal_obligation": [pk, promised["theirs"]],
        "partnerships:portal_obligation (kept)": [pk, promised["kept"]],
        "partnerships:portal_wish": [pk, promised["ending"]],
        "partnerships:portal_agreement_sign": [pk, paper["signing"]],
        "partnerships:portal_agreement_sign (sent back)": [pk, paper["sent_back"]],
        "partnerships:portal_seminars": [pk], "partnerships:portal_seminar": [pk, ahead.pk],
        "partnerships:portal_seminar (held)": [pk, held.pk],
        "partnerships:portal_home": [pk], "partnerships:portal_partnership": [pk],
        "partnerships:portal_touchpoint_new": [pk], "partnerships:portal_thread": [pk],
        "partnerships:portal_visit": [pk], "partnerships:portal_touchpoint_correct": [pk, own.pk],
        "partnerships:portal_company": [pk], "partnerships:portal_mail": [pk], "partnerships:portal_shutdown": [pk],
        "partnerships:portal_site": [pk, site.pk],
        "partnerships:portal_team": [pk], "partnerships:portal_colleague_new": [pk],
        "partnerships:portal_left": [pk, zhao.pk],
        "partnerships:portal_colleague": [pk, colleague.pk], "accounts:profile": [], "usersessions_list": [],
    }  # fmt: skip
    nobody = {
        "account_login": [], "account_request_login_code": [], "account_reset_password": [],
        "account_reset_password_done": [], "account_inactive": [], "partnerships:registration_new": [],
        "partnerships:registration_sent": [], "partnerships:link": [link.code],
        "partnerships:link (visit)": [visit.code], "partnerships:link (visited)": [visited.code],
        "partnerships:link (seminar)": [invited[0].code], "partnerships:link (seminar held)": [invited[1].code],
        "partnerships:door": [held.code], "partnerships:door (not open)": [ahead.code],
        "partnerships:link (agreement)": [paper["code"]], "partnerships:link (ask)": [asked["link"].code],
        "partnerships:link (need)": [asked["need_code"]],
        "partnerships:link (obligation)": [promised["code"]], "partnerships:link (ending)": [promised["ending_code"]],
        "partnerships:link (to sign)": [paper["sign_code"]],
        "reminders:mail_wish": [Preference.objects.filter(silenced_at=None).first().code],
        "reminders:mail_wish (silent)": [Preference.objects.exclude(silenced_at=None).first().code],
        "partnerships:link (answered)": [answered.code], "partnerships:link (over)": [dead.code],
        "accounts:mail_list": [],
        "accounts:invitation_accept": [invitation.code],
    }  # fmt: skip
    if mail:
        nobody["accounts:mail_detail"] = [mail[0].key]
    pages = {"officer": officer, "lead": lead, "administrator": administrator, "hr": hr, "": nobody}
    pages["teacher"] = pages["counsellor"] = {"reports:today": [], "accounts:profile": []}
    return pages


def promises(by, enterprise):
    """Promises of both sides that are open, one that was kept with a picture, the agreement that ends, and links."""
    from partnerships.models import Agreement, Obligation
    from partnerships.services.links import ENDING, hand_out_promise
    from records.links import hand_out

    rows = Obligation.objects.filter(enterprise=enterprise).order_by("due_on", "pk")
    theirs, ours = rows.open().filter(side="enterprise").first(), rows.open().filter(side="school").first()
    kept = rows.filter(state="kept", side="enterprise", files__isnull=False).first()
    ending = Agreement.objects.bases().in_force().filter(enterprise=enterprise).order_by("effective_until").first()
    asked = hand_out(ENDING, subject=ending, stream=enterprise.pk, by=by)
    return {
        "theirs": theirs.pk, "ours": ours.pk, "kept": kept.pk, "agreement": theirs.agreement_id, "ending": ending.pk,
        "code": hand_out_promise(theirs, by=by).code, "ending_code": asked.code,
    }  # fmt: skip


def seminars(by, enterprise):
    """One that lies ahead, one that ended an hour ago, the enterprise's seat at each, and the links to them."""
    from datetime import timedelta
    from uuid import UUID

    from django.utils import timezone

    from partnerships.services import seminars as services
    from partnerships.services.links import SEMINAR
    from records.links import hand_out

    made = []
    for key, hours, title in ((1, 9 * 24, "人才培养方案研讨会"), (2, -3, "校企合作座谈会")):
        begins = timezone.now() + timedelta(hours=hours)
        fields = {"kind": "research", "title": title, "title_en": "Seminar", "place": "图书馆报告厅"}
        fields |= {"starts_at": begins, "ends_at": begins + timedelta(hours=2)}
        fields |= {"enterprises": [enterprise], "now": begins - timedelta(days=9)}
        made.append(services.plan_seminar(by=by, form_key=UUID(int=key), **fields))
    ahead, held = made
    if held.state == "planned":
        then = held.starts_at + timedelta(hours=1)
        services.sign_in_at_door(held, company=enterprise.short_name, name="赵敏", phone="13800000001", now=then)
        services.sign_in_at_door(held, company="市行业协会", name="沈洁", now=then)
        services.record_attendance(held, by=by, attended=held.guests.values_list("pk", flat=True), now=then)
        services.write_minutes(
            held, by=by, version=held.version, minutes="谈了课程。", decisions="共建课程。", now=then
        )  # fmt: skip
        due = then.date() + timedelta(days=20)
        services.add_action_item(held, by=by, text="提供案例", due_on=due, enterprise=enterprise, now=then)
    seat, came = ahead.guests.get(enterprise=enterprise), held.guests.get(enterprise=enterprise)
    links = [hand_out(SEMINAR, subject=guest, stream=enterprise.pk, by=by) for guest in (seat, came)]
    return ahead, held, seat, came, links


def agreements(by, enterprise):
    """The demonstration's agreements with this enterprise, a draft of this officer, and the code of a link to one."""
    from partnerships.models import Agreement, DocumentTemplate, PaperStep, Scan
    from partnerships.services.links import hand_out_agreement, hand_out_to_sign
    from records.signatures import ledger

    of_firm = Agreement.objects.filter(enterprise=enterprise)
    review = of_firm.filter(state="review").earliest("pk")  # journeys that share the site make others
    amended = of_firm.get(kind="order_class", amends=None)
    signing, sent_back = (of_firm.get(state="signature", kind=kind) for kind in ("research", "framework"))
    theirs = ledger(signing).get(state__in=["asked", "seen"], side="enterprise")
    return {
        "review": review.pk,
        "amended": amended.pk,
        "amendment": amended.amendments.get(state="draft").pk,
        "on_paper": PaperStep.objects.away().filter(agreement__owner=by).first().agreement_id,
        "stack": Scan.objects.filter(state="preview").earliest("pk").pk,
        "filed": Scan.objects.filter(state="applied").earliest("pk").pk,
        "template": DocumentTemplate.objects.filter(is_active=True).first().pk,
        "plain": of_firm.get(kind="internship_base", state="in_force").pk,
        "draft": Agreement.objects.filter(owner=by, state="draft", amends=None).first().pk,
        "code": hand_out_agreement(review, by=by).code,
        "signing": signing.pk,
        "sent_back": sent_back.pk,
        "both": Agreement.objects.filter(owner=by, state="signature", kind="training_base").earliest("pk").pk,
        "sign_code": hand_out_to_sign(theirs, by=by).code,
    }


def asks(by, enterprise):
    """What this enterprise looks for and is asked, and others in other states; links to answer and to post."""
    from partnerships.models import Ask, Enterprise, Need, Offer
    from partnerships.services.links import hand_out_ask, hand_out_need

    waits = Ask.objects.filter(enterprise=enterprise, state="asked").earliest("pk")
    return {
        "need": Need.objects.filter(enterprise=enterprise, state="open").earliest("pk").pk,
        "withdrawn": Need.objects.filter(enterprise=enterprise, state="withdrawn").earliest("pk").pk,
        "wish": Need.objects.of_school().earliest("pk").pk,
        "matched": Need.objects.filter(state="matched").earliest("pk").pk,
        "offer": Offer.objects.filter(department=by.department, kind="students").earliest("pk").pk,
        "full": Enterprise.objects.get(short_name="宏轸轴承").pk,
        "waits": waits.pk,
        "answered": Ask.objects.filter(state="accepted", asked_by=by).earliest("pk").pk,
        "link": hand_out_ask(waits, by=by),
        "need_code": hand_out_need(enterprise, by=by).code,
    }


def kept_lists(by, enterprise):
    """An export that stands ready, a query with a few ticked partners, and what became of them."""
    from uuid import UUID

    from partnerships.models import Enterprise
    from partnerships.models.bulk import BulkAction
    from partnerships.services.bulk import change_many
    from reports.models import Export

    others = Enterprise.objects.current().exclude(owner=by).exclude(lead_department=by.department)
    rows = [enterprise, *others.order_by("pk")[:2]]
    versions = {row.pk: row.version for row in rows}
    how = {"action": BulkAction.CADENCE, "value": {"cadence_days": enterprise.cadence_days}, "versions": versions}
    made = change_many(by=by, form_key=UUID(int=7), **how)
    export = Export.objects.filter(owner=by, state="ready").first()
    return export, "?" + "&".join(f"enterprises={row.pk}" for row in rows), made


def an_open_invitation():
    """An invitation that waits, and its mail: the demonstration itself leaves none behind."""
    from accounts import mails
    from accounts.models import Invitation, Role, User
    from accounts.services import invite_person

    waiting = Invitation.objects.filter(accepted_at=None, withdrawn_at=None).first()
    if waiting is None:
        lead = User.objects.get(role=Role.LEAD)
        values = {
            "name": "唐立",
            "role": Role.TEACHER,
            "department": lead.department,
            "email": "tang.li@qinglan.example",
        }
        waiting = invite_person(by=lead, **values)
        mails.send_invitation_mail(waiting.pk)
    return waiting


if __name__ == "__main__":
    main()
