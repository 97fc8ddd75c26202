"""Addresses of the partnership pages; each group is one module of views."""

from django.urls import path

from partnerships.views import (
    asks,
    assessments,
    bulk,
    cadence,
    company,
    contacts,
    corrections,
    enterprise,
    files,
    health,
    imports,
    links,
    merging,
    needs,
    obligations,
    offers,
    partner_list,
    portal,
    portal_needs,
    promises,
    registrations,
    results,
    seminar_door,
    seminar_guests,
    seminars,
    sites,
    succession,
    thread,
    timeline,
    touchpoints,
    trips,
    visits,
)
from partnerships.views.agreements import (
    amending,
    correcting,
    detail,
    drafts,
    ending,
    listing,
    papers,
    presets,
    scans,
    signing,
    signing_there,
    templates,
)
from partnerships.views.agreements import enterprise as portal_agreements

app_name = "partnerships"

# --- partners: the list (views/partner_list.py), and what is done to many of them (views/bulk.py) ---
urlpatterns = [
    path("partners/", partner_list.enterprise_list, name="enterprise_list"),
    path("partners/many/", bulk.bulk, name="bulk"),
    path("partners/many/<int:pk>/", bulk.bulk_detail, name="bulk_detail"),
]

# --- one enterprise: detail, edit, contacts, sites, moves, assessments, merge (views/enterprise.py …) ---
urlpatterns += [
    path("partners/new/", enterprise.enterprise_new, name="enterprise_new"),
    path("partners/<int:pk>/", enterprise.enterprise_detail, name="enterprise_detail"),
    path("partners/<int:pk>/edit/", enterprise.enterprise_edit, name="enterprise_edit"),
    path("partners/<int:pk>/hand-over/", enterprise.enterprise_hand_over, name="enterprise_hand_over"),
    path("partners/<int:pk>/move/<slug:name>/", enterprise.enterprise_move, name="enterprise_move"),
    path("partners/<int:pk>/rhythm/", cadence.enterprise_cadence, name="enterprise_cadence"),
    path("partners/<int:pk>/rhythm/messages/", cadence.enterprise_messages, name="enterprise_messages"),
    path("partners/<int:pk>/rhythm/closed/", cadence.enterprise_shutdown, name="enterprise_shutdown"),
    path("partners/<int:pk>/rhythm/closed/<int:shutdown>/", cadence.shutdown_remove, name="shutdown_remove"),
    path("partners/<int:pk>/contacts/new/", contacts.contact_new, name="contact_new"),
    path("partners/contacts/<int:pk>/edit/", contacts.contact_edit, name="contact_edit"),
    path("partners/contacts/<int:pk>/left/", contacts.contact_left, name="contact_left"),
    path("partners/contacts/<int:pk>/return/", contacts.contact_return, name="contact_return"),
    path("partners/<int:pk>/sites/new/", sites.site_new, name="site_new"),
    path("partners/sites/<int:pk>/edit/", sites.site_edit, name="site_edit"),
    path("partners/sites/<int:pk>/close/", sites.site_close, name="site_close"),
    path("partners/sites/<int:pk>/reopen/", sites.site_reopen, name="site_reopen"),
    path("partners/<int:pk>/assessments/new/", assessments.assessment_new, name="assessment_new"),
    path("partners/assessments/<int:pk>/", assessments.assessment_detail, name="assessment_detail"),
    path("partners/duplicates/", merging.duplicate_list, name="duplicate_list"),
    path("partners/<int:pk>/merge/<int:other>/", merging.enterprise_merge, name="enterprise_merge"),
]

# --- how partnerships stand (views/health.py) ---
urlpatterns += [
    path("partners/health/", health.health_list, name="health_list"),
    path("partners/health/portfolios/", health.health_portfolios, name="health_portfolios"),
    path("partners/<int:pk>/health/", health.enterprise_health, name="enterprise_health"),
]

# --- everything of one person handed over (views/succession.py) ---
urlpatterns += [
    path("people/<int:person>/hand-over/", succession.portfolio_hand_over, name="portfolio_hand_over"),
    path("hand-overs/<int:pk>/", succession.hand_over, name="hand_over"),
    path("hand-overs/<int:pk>/read/", succession.hand_over_read, name="hand_over_read"),
]

# --- trips, touchpoints, entries on behalf, timeline, files (views/trips.py, touchpoints.py, timeline.py, files.py) ---
urlpatterns += [
    path("trips/", trips.trip_list, name="trip_list"),
    path("trips/new/", trips.trip_new, name="trip_new"),
    path("trips/<int:pk>/", trips.trip_detail, name="trip_detail"),
    path("trips/<int:pk>/edit/", trips.trip_edit, name="trip_edit"),
    path("trips/<int:pk>/print/", trips.trip_print, name="trip_print"),
    path("partners/<int:pk>/contacts/log/", touchpoints.touchpoint_new, name="touchpoint_new"),
    path("partners/<int:pk>/on-behalf/", touchpoints.proxy_new, name="proxy_new"),
    path("partners/<int:pk>/timeline/", timeline.timeline, name="timeline"),
    path("partners/touchpoints/<int:pk>/", touchpoints.touchpoint_detail, name="touchpoint_detail"),
    path("partners/touchpoints/<int:pk>/correct/", corrections.touchpoint_correct, name="touchpoint_correct"),
    path("partners/touchpoints/<int:pk>/withdraw/", corrections.touchpoint_withdraw, name="touchpoint_withdraw"),
    path("files/<uuid:key>/", files.file, name="file"),
    path("files/<uuid:key>/picture/", files.file_picture, name="file_picture"),
]

# --- messages, and the seats an officer hands out (views/thread.py) ---
urlpatterns += [
    path("partners/<int:pk>/messages/", thread.thread, name="thread"),
    path("partners/<int:pk>/messages/on-behalf/", thread.message_on_behalf, name="message_on_behalf"),
    path("partners/contacts/<int:pk>/invite/", thread.seat_invite, name="seat_invite"),
    path("partners/contacts/<int:pk>/keeper/", thread.seat_keeper, name="seat_keeper"),
]

# --- portal (views/portal.py, views/company.py) ---
PORTAL = "portal/<int:enterprise>/"
urlpatterns += [
    path(PORTAL, portal.portal_home, name="portal_home"),
    path(PORTAL + "entries/<int:entry>/confirm/", portal.portal_proxy_confirm, name="portal_proxy_confirm"),
    path(PORTAL + "entries/<int:entry>/correct/", portal.portal_proxy_correct, name="portal_proxy_correct"),
    path(PORTAL + "partnership/", portal.portal_partnership, name="portal_partnership"),
    path(PORTAL + "partnership/new/", portal.portal_touchpoint_new, name="portal_touchpoint_new"),
    path(
        PORTAL + "partnership/<int:touchpoint>/correct/",
        corrections.portal_touchpoint_correct,
        name="portal_touchpoint_correct",
    ),
    path(PORTAL + "visit/", visits.portal_visit, name="portal_visit"),
    path(PORTAL + "messages/", portal.portal_thread, name="portal_thread"),
    path(PORTAL + "company/", company.portal_company, name="portal_company"),
    path(PORTAL + "company/sites/<int:site>/", company.portal_site, name="portal_site"),
    path(PORTAL + "company/closed/", cadence.portal_shutdown, name="portal_shutdown"),
    path(PORTAL + "company/closed/<int:shutdown>/", cadence.portal_shutdown_remove, name="portal_shutdown_remove"),
    path(PORTAL + "mail/", company.portal_mail, name="portal_mail"),
    path(PORTAL + "team/", company.portal_team, name="portal_team"),
    path(PORTAL + "team/new/", company.portal_colleague_new, name="portal_colleague_new"),
    path(PORTAL + "team/<int:contact>/", company.portal_colleague, name="portal_colleague"),
    path(PORTAL + "team/<int:contact>/invite/", company.portal_invitation, name="portal_invitation"),
    path(PORTAL + "team/<int:contact>/left/", company.portal_left, name="portal_left"),
    path(PORTAL + "team/<int:contact>/keeper/", company.portal_keeper, name="portal_keeper"),
]

# --- links: handed out by an officer, and the public pages behind them (views/links.py) ---
urlpatterns += [
    path("partners/<int:pk>/links/", links.link_hand_out, name="link_hand_out"),
    path("partners/<int:pk>/links/<int:link>/", links.link_carry, name="link_carry"),
    path("partners/<int:pk>/links/<int:link>/withdraw/", links.link_withdraw, name="link_withdraw"),
    path("partners/<int:pk>/links/<int:link>/renew/", links.link_renew, name="link_renew"),
    # No slash at the end: the whole address must stay within 40 characters.
    path("l/<slug:code>", links.link, name="link"),
    path("l/<slug:code>/opened", links.link_opened, name="link_opened"),
    path("l/<slug:code>/new", links.link_ask, name="link_ask"),
    path("l/<slug:code>/pictures/<int:file>", links.link_picture, name="link_picture"),
    path("l/<slug:code>/files/<int:file>", links.link_file, name="link_file"),
]

# --- imports (views/imports.py) ---
urlpatterns += [
    path("imports/", imports.import_list, name="import_list"),
    path("imports/new/", imports.import_new, name="import_new"),
    path("imports/<int:pk>/", imports.import_detail, name="import_detail"),
    path("imports/<int:pk>/apply/", imports.import_apply, name="import_apply"),
    path("imports/<int:pk>/discard/", imports.import_discard, name="import_discard"),
    path("imports/<int:pk>/return/", imports.import_return, name="import_return"),
]

# --- registration (views/registrations.py) ---
urlpatterns += [
    path("register/", registrations.registration_new, name="registration_new"),
    path("register/sent/", registrations.registration_sent, name="registration_sent"),
    path("partners/registrations/", registrations.registration_list, name="registration_list"),
    path("partners/registrations/<int:pk>/", registrations.registration_detail, name="registration_detail"),
    path("partners/registrations/<int:pk>/accept/", registrations.registration_accept, name="registration_accept"),
    path("partners/registrations/<int:pk>/refuse/", registrations.registration_refuse, name="registration_refuse"),
]

# --- seminars, and calendars to subscribe to (views/seminars.py, seminar_guests.py, seminar_door.py) ---
urlpatterns += [
    path("events/", seminars.seminar_list, name="seminar_list"),
    path("events/new/", seminars.seminar_new, name="seminar_new"),
    path("events/<int:pk>/", seminars.seminar_detail, name="seminar_detail"),
    path("events/<int:pk>/edit/", seminars.seminar_edit, name="seminar_edit"),
    path("events/<int:pk>/invite/", seminars.seminar_invite, name="seminar_invite"),
    path("events/<int:pk>/print/", seminars.seminar_print, name="seminar_print"),
    path("events/<int:pk>/cancel/", seminars.seminar_cancel, name="seminar_cancel"),
    path("events/<int:pk>/close/", seminars.seminar_close, name="seminar_close"),
    path("events/<int:pk>/guests/<int:guest>/", seminars.seminar_guest, name="seminar_guest"),
    path("events/<int:pk>/guests/<int:guest>/feedback/", seminars.seminar_feedback, name="seminar_feedback"),
    path("events/<int:pk>/door/", seminar_door.seminar_door, name="seminar_door"),
    path("events/<int:pk>/attendees/", seminar_door.seminar_attendee_new, name="seminar_attendee_new"),
    path("events/<int:pk>/attendance/", seminars.seminar_attendance, name="seminar_attendance"),
    path("events/<int:pk>/minutes/", seminars.seminar_minutes, name="seminar_minutes"),
    path("events/<int:pk>/items/", seminars.seminar_item_new, name="seminar_item_new"),
    path("events/<int:pk>/items/<int:item>/done/", seminars.seminar_item_done, name="seminar_item_done"),
    path("events/<int:pk>/event.ics", seminars.seminar_calendar, name="seminar_calendar"),
    path("calendar/", seminars.calendar_own, name="calendar_own"),
    path("calendar/<slug:code>.ics", seminars.calendar_feed, name="calendar_feed"),
    path("s/<slug:code>", seminar_door.door, name="door"),
    path(PORTAL + "events/", seminar_guests.portal_seminars, name="portal_seminars"),
    path(PORTAL + "events/<int:seminar>/", seminar_guests.portal_seminar, name="portal_seminar"),
    path(PORTAL + "events/<int:seminar>/feedback/", seminar_guests.portal_feedback, name="portal_feedback"),
    path(PORTAL + "events/items/<int:item>/done/", seminar_guests.portal_item_done, name="portal_item_done"),
]

# --- needs, offers, asks (views/needs.py, offers.py, asks.py; views/portal_needs.py for the enterprise) ---
urlpatterns += [
    path("needs/", needs.need_list, name="need_list"),
    path("needs/new/", needs.wish_new, name="wish_new"),
    path("partners/<int:pk>/needs/new/", needs.need_new, name="need_new"),
    path("partners/<int:pk>/needs/link/", needs.need_link, name="need_link"),
    path("needs/<int:pk>/", needs.need_detail, name="need_detail"),
    path("needs/<int:pk>/edit/", needs.need_edit, name="need_edit"),
    path("needs/<int:pk>/move/<slug:name>/", needs.need_move, name="need_move"),
    path("needs/<int:pk>/decide/", needs.need_decide, name="need_decide"),
    path("suggestions/<int:pk>/back/", needs.match_reconsider, name="match_reconsider"),
    path("offers/", offers.offer_list, name="offer_list"),
    path("offers/new/", offers.offer_new, name="offer_new"),
    path("offers/<int:pk>/", offers.offer_detail, name="offer_detail"),
    path("offers/<int:pk>/edit/", offers.offer_edit, name="offer_edit"),
    path("offers/<int:pk>/withdraw/", offers.offer_withdraw, name="offer_withdraw"),
    path("offers/<int:pk>/decide/", offers.offer_decide, name="offer_decide"),
    path("asks/", asks.ask_list, name="ask_list"),
    path("partners/<int:pk>/asks/new/", asks.ask_new, name="ask_new"),
    path("asks/<int:pk>/", asks.ask_detail, name="ask_detail"),
    path("asks/<int:pk>/move/<slug:name>/", asks.ask_move, name="ask_move"),
    path("asks/<int:pk>/read/", asks.ask_seen, name="ask_seen"),
    path("asks/<int:pk>/link/", asks.ask_link, name="ask_link"),
    path("asks/<int:pk>/on-behalf/", asks.ask_on_behalf, name="ask_on_behalf"),
    path(PORTAL + "needs/", portal_needs.portal_needs, name="portal_needs"),
    path(PORTAL + "needs/new/", portal_needs.portal_need_new, name="portal_need_new"),
    path(PORTAL + "needs/<int:need>/", portal_needs.portal_need, name="portal_need"),
    path(PORTAL + "needs/<int:need>/edit/", portal_needs.portal_need_edit, name="portal_need_edit"),
    path(PORTAL + "needs/<int:need>/move/<slug:name>/", portal_needs.portal_need_move, name="portal_need_move"),
    path(PORTAL + "offers/", portal_needs.portal_offers, name="portal_offers"),
    path(PORTAL + "asks/", portal_needs.portal_asks, name="portal_asks"),
    path(PORTAL + "asks/<int:ask>/", portal_needs.portal_ask, name="portal_ask"),
]

# --- agreements (views/agreements/) ---
urlpatterns += [
    path("agreements/", listing.agreement_list, name="agreement_list"),
    path("agreements/ends/", listing.agreement_ends, name="agreement_ends"),
    path("agreements/new/", listing.agreement_start, name="agreement_start"),
    path("partners/<int:pk>/agreements/new/", drafts.agreement_new, name="agreement_new"),
    path("agreements/presets/", presets.preset_list, name="preset_list"),
    path("agreements/presets/new/", presets.preset_new, name="preset_new"),
    path("agreements/presets/<int:pk>/", presets.preset_edit, name="preset_edit"),
    path("agreements/<int:pk>/", detail.agreement_detail, name="agreement_detail"),
    path("agreements/<int:pk>/edit/", drafts.agreement_edit, name="agreement_edit"),
    path("agreements/<int:pk>/filing/", drafts.agreement_filing, name="agreement_filing"),
    path("agreements/<int:pk>/delete/", drafts.agreement_delete, name="agreement_delete"),
    path("agreements/<int:pk>/print/", detail.agreement_print, name="agreement_print"),
    path("agreements/<int:pk>/move/<slug:name>/", detail.agreement_move, name="agreement_move"),
    path("agreements/<int:pk>/comments/", detail.agreement_comment, name="agreement_comment"),
    path("agreements/<int:pk>/comments/<int:comment>/settle/", detail.agreement_settle, name="agreement_settle"),
    path("agreements/<int:pk>/agree/", detail.agreement_agree, name="agreement_agree"),
    path("agreements/<int:pk>/on-behalf/", detail.agreement_on_behalf, name="agreement_on_behalf"),
    path("agreements/<int:pk>/link/", detail.agreement_link, name="agreement_link"),
    path("agreements/<int:pk>/correct/", correcting.agreement_correct, name="agreement_correct"),
    path("agreements/<int:pk>/signatures/", signing.agreement_ask, name="agreement_ask"),
    path("agreements/<int:pk>/signatures/paper/", signing.agreement_signed, name="agreement_signed"),
    path(
        "agreements/<int:pk>/signatures/<int:signature>/<slug:name>/",
        signing.agreement_signature,
        name="agreement_signature",
    ),
    path("agreements/<int:pk>/sign/", signing.agreement_sign, name="agreement_sign"),
    path("agreements/<int:pk>/sign/seen/", signing.agreement_seen, name="agreement_seen"),
    path("agreements/<int:pk>/amend/", amending.agreement_amend, name="agreement_amend"),
    path("agreements/<int:pk>/blocks/", amending.agreement_blocks, name="agreement_blocks"),
    path("agreements/<int:pk>/end/", amending.agreement_end, name="agreement_end"),
    path("agreements/<int:pk>/renew/", amending.agreement_renew, name="agreement_renew"),
]

# --- the paper of agreements (views/agreements/papers.py, templates.py) ---
urlpatterns += [
    path("agreements/<int:pk>/document/", papers.agreement_document, name="agreement_document"),
    path("agreements/<int:pk>/paper/", papers.agreement_paper, name="agreement_paper"),
    path("agreements/<int:pk>/paper/<int:step>/undo/", papers.agreement_paper_undo, name="agreement_paper_undo"),
    path("agreements/papers/", papers.paper_many, name="paper_many"),
    path("agreements/papers/away/", papers.paper_away, name="paper_away"),
    path("agreements/scans/", scans.scan_list, name="scan_list"),
    path("agreements/scans/new/", scans.scan_new, name="scan_new"),
    path("agreements/scans/<int:pk>/", scans.scan_detail, name="scan_detail"),
    path("agreements/scans/<int:pk>/pages/<int:page>/", scans.scan_page, name="scan_page"),
    path("agreements/scans/<int:pk>/apply/", scans.scan_apply, name="scan_apply"),
    path("agreements/scans/<int:pk>/discard/", scans.scan_discard, name="scan_discard"),
    path("agreements/scans/filed/<int:filed>/sign/", scans.scan_sign, name="scan_sign"),
    path("agreements/templates/", templates.template_list, name="template_list"),
    path("agreements/templates/new/", templates.template_new, name="template_new"),
    path("agreements/templates/starter/<slug:language>/", templates.template_starter, name="template_starter"),
    path("agreements/templates/<int:pk>/", templates.template_detail, name="template_detail"),
    path("agreements/templates/<int:pk>/preview/", templates.template_preview, name="template_preview"),
    path("agreements/templates/<int:pk>/use/", templates.template_use, name="template_use"),
]
OF_PORTAL = PORTAL + "agreements/<int:agreement>/"
urlpatterns += [
    path(PORTAL + "agreements/", portal_agreements.portal_agreements, name="portal_agreements"),
    path(OF_PORTAL, portal_agreements.portal_agreement, name="portal_agreement"),
    path(OF_PORTAL + "edit/", portal_agreements.portal_agreement_edit, name="portal_agreement_edit"),
    path(OF_PORTAL + "sign/", signing_there.portal_agreement_sign, name="portal_agreement_sign"),
    path(OF_PORTAL + "sign/seen/", signing_there.portal_agreement_seen, name="portal_agreement_seen"),
    path(OF_PORTAL + "agree/", portal_agreements.portal_agreement_agree, name="portal_agreement_agree"),
    path(OF_PORTAL + "comments/", portal_agreements.portal_agreement_comment, name="portal_agreement_comment"),
    path(
        OF_PORTAL + "comments/<int:comment>/settle/", portal_agreements.portal_agreement_settle,
        name="portal_agreement_settle",
    ),
]  # fmt: skip

# --- what both sides promised, and the end (views/obligations.py, promises.py, agreements/ending.py) ---
urlpatterns += [
    path("obligations/", obligations.obligation_list, name="obligation_list"),
    path("agreements/<int:pk>/obligations/new/", obligations.obligation_new, name="obligation_new"),
    path("agreements/<int:pk>/ending/", ending.agreement_ending, name="agreement_ending"),
    path("obligations/<int:pk>/", obligations.obligation_detail, name="obligation_detail"),
    path("obligations/<int:pk>/keep/", obligations.obligation_keep, name="obligation_keep"),
    path("obligations/<int:pk>/edit/", obligations.obligation_edit, name="obligation_edit"),
    path("obligations/<int:pk>/move/<slug:name>/", obligations.obligation_move, name="obligation_move"),
    path("obligations/<int:pk>/link/", obligations.obligation_link, name="obligation_link"),
    path(PORTAL + "promises/", promises.portal_obligations, name="portal_obligations"),
    path(PORTAL + "promises/<int:obligation>/", promises.portal_obligation, name="portal_obligation"),
    path(OF_PORTAL + "go-on/", promises.portal_wish, name="portal_wish"),
]

# --- the results of years (views/results.py) ---
urlpatterns += [
    path("results/", results.result_list, name="result_list"),
    path("results/enter/", results.result_enter, name="result_enter"),
    path("partners/<int:pk>/results/<slug:kind>/<int:year>/", results.result_edit, name="result_edit"),
    path(PORTAL + "results/", results.portal_results, name="portal_results"),
]
