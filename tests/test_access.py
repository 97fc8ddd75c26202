"""Who may open what: every address of the site, for every member of the cast, by reading and by sending.

One line for each address, one letter for each person, as chapter "People and access" wants it:

    o  it opens                     i  to the sign-in page          n  not found, as if it did not exist
    r  done, or led on              f  seen, but not for this person  m  not by this method
    c  not possible as it stands    e  done, nothing to show

The columns stand in groups: nobody and somebody stopped | administrator, lead, the officer who keeps enterprise A, an
officer of another department | teacher, counsellor | of enterprise A its keeper, a colleague, somebody of A and B |
somebody who has left A, the keeper of B. First what GET answers, then POST with a form filled in well. Objects are
those of enterprise A.
"""

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils.timezone import localdate

from accounts.models import User
from partnerships.services.contacts import mark_left
from tests.access import ADDED, ADMIN, PLAIN, ask, form, names_of, of_admin, read_table, standing_stage
from tests.stage import MEMBERS

TABLE = """
#                                                         GET                  POST
#                                                         -X ALOo tc hcb -s    -X ALOo tc hcb -s
home                                                      ii rrrr rr rrr rr    ii mmmm mm mmm mm
healthz                                                   oo oooo oo ooo oo    mm mmmm mm mmm mm
healthz_reminders                                         oo oooo oo ooo oo    mm mmmm mm mmm mm
stylesheet(digest)                                        oo oooo oo ooo oo    mm mmmm mm mmm mm

# --- how portfolios are kept in touch with: whoever reads partners
reports:contact_rhythm                                    ii oooo ff fff ff    ii mmmm mm mmm mm

# --- how partnerships stand, by figure: leads and administrators
partnerships:health_list                                  ii ooff ff fff ff    ii mmmm mm mmm mm
partnerships:health_portfolios                            ii ooff ff fff ff    ii mmmm mm mmm mm

# --- signing in and out, the own account
account_login                                             oo rrrr rr rrr rr    oo rrrr rr rrr rr
account_request_login_code                                oo rrrr rr rrr rr    rr rrrr rr rrr rr
account_confirm_login_code                                rr rrrr rr rrr rr    rr rrrr rr rrr rr
account_logout                                            ii oooo oo ooo oo    ii iiii ii iii ii
account_inactive                                          oo oooo oo ooo oo    mm mmmm mm mmm mm
account_reauthenticate                                    ii oooo oo ooo oo    ii rrrr rr rrr rr
account_change_password                                   ii oooo oo ooo oo    ii oooo oo ooo oo
account_set_password                                      ii rrrr rr rrr rr    ii rrrr rr rrr rr
account_reset_password                                    oo oooo oo ooo oo    rr rrrr rr rrr rr
account_reset_password_done                               oo oooo oo ooo oo    mm mmmm mm mmm mm
account_reset_password_from_key('1' 'never-sent')         oo oooo oo ooo oo    oo oooo oo ooo oo
account_reset_password_from_key_done                      oo oooo oo ooo oo    mm mmmm mm mmm mm
mfa_index                                                 ii oooo oo ooo oo    ii mmmm mm mmm mm
mfa_authenticate                                          ii rrrr rr rrr rr    ii rrrr rr rrr rr
mfa_reauthenticate                                        ii rrrr rr rrr rr    ii rrrr rr rrr rr
mfa_activate_totp                                         ii oooo oo ooo oo    ii oooo oo ooo oo
mfa_deactivate_totp                                       ii nnnn nn nnn nn    ii nnnn nn nnn nn
mfa_view_recovery_codes                                   ii nnnn nn nnn nn    ii mmmm mm mmm mm
mfa_generate_recovery_codes                               ii oooo oo ooo oo    ii oorr oo ooo oo
mfa_download_recovery_codes                               ii nnnn nn nnn nn    ii nnnn nn nnn nn
mfa_list_webauthn                                         ii oooo oo ooo oo    ii mmmm mm mmm mm
mfa_add_webauthn                                          ii oooo oo ooo oo    ii oooo oo ooo oo
mfa_remove_webauthn(key)                                  ii nnon nn nnn nn    ii nnrn nn nnn nn
mfa_edit_webauthn(key)                                    ii nnon nn nnn nn    ii nnrn nn nnn nn
mfa_reauthenticate_webauthn                               ii rroo rr rrr rr    ii rrii rr rrr rr
mfa_login_webauthn                                        ii rrrr rr rrr rr    ii rrrr rr rrr rr
usersessions_list                                         ii oooo oo ooo oo    ii rrrr rr rrr rr
accounts:language_set                                     mm mmmm mm mmm mm    rr rrrr rr rrr rr
accounts:profile                                          ii oooo oo ooo oo    ii rrrr rr rrr rr
accounts:profile_mail                                     ii mmmm mm mmm mm    ii rrrr rr rrr rr
accounts:session_end(session)                             ii mmmm mm mmm mm    ii nnrn nn nnn nn
accounts:security_txt                                     oo oooo oo ooo oo    mm mmmm mm mmm mm

# --- people: administrators and leads; an invitation also whoever made it
accounts:people                                           ii ooff ff fff ff    ii mmmm mm mmm mm
accounts:person(person)                                   ii ooff ff fff ff    ii mmmm mm mmm mm
accounts:person_disable(person)                           ii mmmm mm mmm mm    ii rrff ff fff ff
accounts:person_enable(person)                            ii mmmm mm mmm mm    ii rrff ff fff ff
accounts:person_role(person)                              ii mmmm mm mmm mm    ii rrff ff fff ff
accounts:invitation_list                                  ii ooff ff fff ff    ii mmmm mm mmm mm
accounts:invitation_new                                   ii ooff ff fff ff    ii rrff ff fff ff
accounts:invitation(invitation)                           ii ooon nn nnn nn    ii mmmm mm mmm mm
accounts:invitation_send_again(invitation)                ii mmmm mm mmm mm    ii rrrn nn nnn nn
accounts:invitation_withdraw(invitation)                  ii mmmm mm mmm mm    ii rrrn nn nnn nn
accounts:invitation_accept(invitation_code)               oo oooo oo ooo oo    rr cccc cc ccc rr

# --- demonstration mode only
accounts:demo_login(person)                               mm mmmm mm mmm mm    nn nnnn nn nnn nn
accounts:mail_list                                        nn nnnn nn nnn nn    mm mmmm mm mmm mm
accounts:mail_detail('1')                                 nn nnnn nn nnn nn    mm mmmm mm mmm mm

# --- the day
reports:today                                             ii oooo oo fff ff    ii mmmm mm mmm mm

# --- lists as files: to whom the list is open; an export and its file: its owner, and administrators
reports:list_export('partners')                           ii oooo ff fff ff    ii rrrr ff fff ff
reports:export_list                                       ii oooo oo ooo oo    ii mmmm mm mmm mm
reports:export_detail(export)                             ii onon nn nnn nn    ii mmmm mm mmm mm
reports:export_file(export)                               ii onon nn nnn nn    ii mmmm mm mmm mm

# --- saved views of lists: their owner's
reports:view_list                                         ii oooo oo ooo oo    ii mmmm mm mmm mm
reports:view_open(view)                                   ii nnrn nn nnn nn    ii mmmm mm mmm mm
reports:view_rename(view)                                 ii mmmm mm mmm mm    ii nnrn nn nnn nn
reports:view_delete(view)                                 ii mmmm mm mmm mm    ii nnrn nn nnn nn
reports:view_save('partners')                             ii mmmm mm mmm mm    ii rrrr ff fff ff

# --- a task: whoever has it, and leads; reminded within the last three days, as here, it is not reminded again
reminders:task_detail(task)                               ii ooon nn nnn nn    ii mmmm mm mmm mm
reminders:task_snooze(task)                               ii mmmm mm mmm mm    ii rrrn nn nnn nn
reminders:task_wake(task)                                 ii mmmm mm mmm mm    ii rrrn nn nnn nn
reminders:task_remind(task)                               ii mmmm mm mmm mm    ii cccn nn nnn nn

# --- carried by hand: by whoever has the task, and by leads
reminders:forward                                         ii oooo oo fff ff    ii mmmm mm mmm mm
reminders:forward_move(carried 'tick')                    ii mmmm mm mmm mm    ii rrrn nn nnn nn

# --- behind the link in a mail: whoever holds it chooses, and a mail program by itself
reminders:mail_wish(wish_code)                            oo oooo oo ooo oo    oo oooo oo ooo oo

# --- the reminder centre: administrators and leads; a telling is seen by whoever sees its task
reminders:centre                                          ii ooff ff fff ff    ii mmmm mm mmm mm
reminders:rule('gap')                                     ii ooff ff fff ff    ii ooff ff fff ff
reminders:rule_switch('gap')                              ii mmmm mm mmm mm    ii rrff ff fff ff
reminders:delivery_list                                   ii ooff ff fff ff    ii mmmm mm mmm mm
reminders:delivery_resend(refused)                        ii mmmm mm mmm mm    ii rrfn nn nnn nn

# --- partners: all officers read, those of the portfolio or the department change; teachers see none yet
partnerships:enterprise_list                              ii oooo ff fff ff    ii mmmm mm mmm mm
partnerships:bulk                                         ii nnnn ff fff ff    ii rrrr ff fff ff
partnerships:bulk_detail(bulk)                            ii ooon ff fff ff    ii mmmm mm mmm mm
partnerships:enterprise_new                               ii oooo ff fff ff    ii rrrr ff fff ff
partnerships:duplicate_list                               ii oooo ff fff ff    ii mmmm mm mmm mm
partnerships:enterprise_detail(enterprise)                ii oooo nn fff nn    ii mmmm mm mmm mm
partnerships:enterprise_edit(enterprise)                  ii ooof nn fff nn    ii rrrf nn fff nn
partnerships:enterprise_hand_over(enterprise)             ii ooof nn fff nn    ii rrrf nn fff nn
partnerships:enterprise_move(enterprise 'pause')          ii mmmm mm mmm mm    ii rrrf nn fff nn
partnerships:enterprise_health(enterprise)                ii oooo nn fff nn    ii mmmm mm mmm mm
partnerships:enterprise_cadence(enterprise)               ii ooof nn fff nn    ii rrrf nn fff nn
partnerships:enterprise_messages(enterprise)              ii mmmm mm mmm mm    ii rrrf nn fff nn
partnerships:enterprise_shutdown(enterprise)              ii mmmm mm mmm mm    ii rrrf nn fff nn
partnerships:shutdown_remove(enterprise shutdown)         ii mmmm mm mmm mm    ii rrrf nn fff nn
partnerships:enterprise_merge(enterprise twin)            ii ooof nn fff nn    ii rrrf nn fff nn
partnerships:contact_new(enterprise)                      ii ooof nn fff nn    ii rrrf nn fff nn
partnerships:contact_edit(contact)                        ii ooof nn fff nn    ii rrrf nn fff nn
partnerships:contact_left(contact)                        ii ooof nn fff nn    ii rrrf nn fff nn
partnerships:contact_return(gone)                         ii mmmm mm mmm mm    ii rrrf nn fff nn
partnerships:site_new(enterprise)                         ii ooof nn fff nn    ii rrrf nn fff nn
partnerships:site_edit(site)                              ii ooof nn fff nn    ii rrrf nn fff nn
partnerships:site_close(site)                             ii ooof nn fff nn    ii rrrf nn fff nn
partnerships:site_reopen(closed_site)                     ii mmmm mm mmm mm    ii rrrf nn fff nn
partnerships:assessment_new(enterprise)                   ii ooof nn fff nn    ii rrrf nn fff nn
partnerships:assessment_detail(assessment)                ii oooo nn nnn nn    ii mmmm mm mmm mm

# --- everything of one person: leads for everybody, officers their own; the two of them read what was handed over
partnerships:portfolio_hand_over(holder)                  ii ooof ff nnn nn    ii ooof ff nnn nn
partnerships:hand_over(hand_over)                         ii ooon nn nnn nn    ii mmmm mm mmm mm
partnerships:hand_over_read(hand_over)                    ii mmmm mm mmm mm    ii ffrn nn nnn nn

# --- exchanges: whoever reads partners logs a contact; messages in the school's name come from who keeps the partner
partnerships:timeline(enterprise)                         ii oooo nn fff nn    ii mmmm mm mmm mm
partnerships:touchpoint_new(enterprise)                   ii oooo nn fff nn    ii rrrr nn fff nn
partnerships:touchpoint_detail(touchpoint)                ii oooo nn fff nn    ii mmmm mm mmm mm
partnerships:touchpoint_correct(touchpoint)               ii ooof nn fff nn    ii rrrf nn fff nn
partnerships:touchpoint_withdraw(touchpoint)              ii ooof nn fff nn    ii rrrf nn fff nn
partnerships:proxy_new(enterprise)                        ii oooo nn fff nn    ii rrrr nn fff nn
partnerships:thread(enterprise)                           ii oooo nn fff nn    ii rrrf nn fff nn
partnerships:message_on_behalf(enterprise)                ii oooo nn fff nn    ii rrrf nn fff nn
partnerships:seat_invite(contact)                         ii oooo nn fff nn    ii rrrf nn fff nn
partnerships:seat_keeper(member)                          ii mmmm mm mmm mm    ii rrrf nn fff nn
partnerships:file(document)                               ii oooo nn ooo nn    ii mmmm mm mmm mm
partnerships:file_picture(picture)                        ii oooo nn ooo nn    ii mmmm mm mmm mm

# --- trips are the school's own record: the enterprises read their part of it in the timeline
partnerships:trip_list                                    ii oooo ff fff ff    ii mmmm mm mmm mm
partnerships:trip_new                                     ii oooo ff fff ff    ii rrrr ff fff ff
partnerships:trip_detail(trip)                            ii oooo nn nnn nn    ii mmmm mm mmm mm
partnerships:trip_edit(trip)                              ii ooof nn nnn nn    ii rrrf nn nnn nn
partnerships:trip_print(trip)                             ii oooo nn nnn nn    ii mmmm mm mmm mm

# --- the portal: members of the enterprise and nobody of the school; the keeper alone keeps the team
partnerships:portal_home(enterprise)                      ii nnnn nn ooo nn    ii mmmm mm mmm mm
partnerships:portal_proxy_confirm(enterprise proxy)       ii mmmm mm mmm mm    ii nnnn nn rrr nn
partnerships:portal_proxy_correct(enterprise proxy)       ii mmmm mm mmm mm    ii nnnn nn rrr nn
partnerships:portal_partnership(enterprise)               ii nnnn nn ooo nn    ii mmmm mm mmm mm
partnerships:portal_touchpoint_new(enterprise)            ii nnnn nn ooo nn    ii nnnn nn rrr nn
partnerships:portal_touchpoint_correct(enterprise own)    ii nnnn nn ooo nn    ii nnnn nn rrr nn
partnerships:portal_visit(enterprise)                     ii nnnn nn ooo nn    ii nnnn nn rrr nn
partnerships:portal_thread(enterprise)                    ii nnnn nn ooo nn    ii nnnn nn rrr nn
partnerships:portal_company(enterprise)                   ii nnnn nn ooo nn    ii nnnn nn rrr nn
partnerships:portal_site(enterprise site)                 ii nnnn nn ooo nn    ii nnnn nn rrr nn
partnerships:portal_shutdown(enterprise)                  ii nnnn nn ooo nn    ii nnnn nn rrr nn
partnerships:portal_shutdown_remove(enterprise shutdown)  ii mmmm mm mmm mm    ii nnnn nn rrr nn
partnerships:portal_mail(enterprise)                      ii nnnn nn ooo nn    ii nnnn nn rrr nn
partnerships:portal_team(enterprise)                      ii nnnn nn ooo nn    ii mmmm mm mmm mm
partnerships:portal_colleague_new(enterprise)             ii nnnn nn ooo nn    ii nnnn nn rff nn
partnerships:portal_colleague(enterprise contact)         ii nnnn nn ooo nn    ii nnnn nn rff nn
partnerships:portal_invitation(enterprise contact)        ii nnnn nn ooo nn    ii nnnn nn rff nn
partnerships:portal_left(enterprise contact)              ii nnnn nn off nn    ii nnnn nn rff nn
partnerships:portal_keeper(enterprise member)             ii mmmm mm mmm mm    ii nnnn nn rff nn

# --- links: handed out by who keeps the partner, read by whoever holds them; staff answer on behalf, not through them
partnerships:link_hand_out(enterprise)                    ii oooo nn fff nn    ii rrrf nn fff nn
partnerships:link_carry(enterprise link)                  ii oooo nn fff nn    ii mmmm mm mmm mm
partnerships:link_withdraw(enterprise link)               ii mmmm mm mmm mm    ii rrrf nn fff nn
partnerships:link_renew(enterprise dead)                  ii mmmm mm mmm mm    ii rrrf nn fff nn
partnerships:link(code)                                   oo oooo oo ooo oo    rr cccc cc rrr rr
partnerships:link_opened(code)                            mm mmmm mm mmm mm    ee eeee ee eee ee
partnerships:link_ask(dead_code)                          mm mmmm mm mmm mm    oo oooo oo ooo oo
partnerships:link_picture(code asked_picture)             oo oooo oo ooo oo    mm mmmm mm mmm mm
partnerships:link_file(code asked_document)               oo oooo oo ooo oo    mm mmmm mm mmm mm

# --- lists taken in: the own ones; administrators and leads see all
partnerships:import_list                                  ii oooo ff fff ff    ii mmmm mm mmm mm
partnerships:import_new                                   ii oooo ff fff ff    ii rrrr ff fff ff
partnerships:import_detail(batch)                         ii ooon nn nnn nn    ii mmmm mm mmm mm
partnerships:import_apply(batch)                          ii mmmm mm mmm mm    ii rrrn nn nnn nn
partnerships:import_discard(batch)                        ii mmmm mm mmm mm    ii rrrn nn nnn nn
partnerships:import_return(batch)                         ii ooon nn nnn nn    ii mmmm mm mmm mm

# --- enterprises that register themselves: one queue for all officers
partnerships:registration_new                             oo oooo oo ooo oo    rr rrrr rr rrr rr
partnerships:registration_sent                            oo oooo oo ooo oo    mm mmmm mm mmm mm
partnerships:registration_list                            ii oooo ff fff ff    ii mmmm mm mmm mm
partnerships:registration_detail(registration)            ii oooo nn nnn nn    ii mmmm mm mmm mm
partnerships:registration_accept(registration)            ii mmmm mm mmm mm    ii rrrr nn nnn nn
partnerships:registration_refuse(registration)            ii mmmm mm mmm mm    ii rrrr nn nnn nn

# --- events: all officers read, who organises or belongs to the department changes; an enterprise reads its invitation
partnerships:seminar_list                                 ii oooo ff fff ff    ii mmmm mm mmm mm
partnerships:seminar_new                                  ii oooo ff fff ff    ii rrrr ff fff ff
partnerships:seminar_detail(seminar)                      ii oooo nn fff nn    ii mmmm mm mmm mm
partnerships:seminar_edit(seminar)                        ii ooof nn fff nn    ii rrrf nn fff nn
partnerships:seminar_invite(seminar)                      ii ooof nn fff nn    ii rrrf nn fff nn
partnerships:seminar_print(seminar)                       ii oooo nn fff nn    ii mmmm mm mmm mm
partnerships:seminar_cancel(seminar)                      ii mmmm mm mmm mm    ii rrrf nn fff nn
partnerships:seminar_close(held_seminar)                  ii mmmm mm mmm mm    ii rrrf nn fff nn
partnerships:seminar_guest(seminar guest)                 ii oooo nn fff nn    ii rrrf nn fff nn
partnerships:seminar_attendance(held_seminar)             ii mmmm mm mmm mm    ii rrrf nn fff nn
partnerships:seminar_minutes(held_seminar)                ii ooof nn fff nn    ii rrrf nn fff nn
partnerships:seminar_item_new(held_seminar)               ii mmmm mm mmm mm    ii rrrf nn fff nn
partnerships:seminar_item_done(held_seminar item)         ii mmmm mm mmm mm    ii rrrf nn fff nn
partnerships:seminar_calendar(seminar)                    ii oooo nn ooo nn    ii mmmm mm mmm mm
partnerships:seminar_feedback(held_seminar held_guest)    ii ooof nn fff nn    ii rrrf nn fff nn
partnerships:seminar_door(held_seminar)                   ii oooo nn fff nn    ii mmmm mm mmm mm
partnerships:seminar_attendee_new(held_seminar)           ii mmmm mm mmm mm    ii rrrf nn fff nn
partnerships:door(door_code)                              oo oooo oo ooo oo    rr rrrr rr rrr rr
partnerships:portal_seminars(enterprise)                  ii nnnn nn ooo nn    ii mmmm mm mmm mm
partnerships:portal_feedback(enterprise held_seminar)     ii mmmm mm mmm mm    ii nnnn nn rrr nn
partnerships:portal_seminar(enterprise seminar)           ii nnnn nn ooo nn    ii nnnn nn rrr nn
partnerships:portal_item_done(enterprise item)            ii mmmm mm mmm mm    ii nnnn nn rrr nn

# --- agreements: all officers read, who keeps one changes it; leads approve and end; the enterprise reads no drafts
partnerships:agreement_list                               ii oooo ff fff ff    ii mmmm mm mmm mm
partnerships:agreement_ends                               ii oooo ff fff ff    ii mmmm mm mmm mm
partnerships:agreement_start                              ii oooo ff fff ff    ii mmmm mm mmm mm
partnerships:preset_list                                  ii oooo ff fff ff    ii mmmm mm mmm mm
partnerships:preset_new                                   ii ooff ff fff ff    ii rrff ff fff ff
partnerships:preset_edit(preset)                          ii ooff ff fff ff    ii rrff ff fff ff
partnerships:agreement_new(enterprise)                    ii ooof nn fff nn    ii rrrf nn fff nn
partnerships:agreement_detail(agreement)                  ii oooo nn fff nn    ii mmmm mm mmm mm
partnerships:agreement_edit(draft)                        ii ooof nn nnn nn    ii rrrf nn nnn nn
partnerships:agreement_filing(agreement)                  ii ooof nn fff nn    ii rrrf nn fff nn
partnerships:agreement_delete(draft)                      ii mmmm mm mmm mm    ii rrrf nn nnn nn
partnerships:agreement_print(agreement)                   ii oooo nn fff nn    ii mmmm mm mmm mm
partnerships:agreement_move(draft 'submit')               ii mmmm mm mmm mm    ii rrrf nn nnn nn
partnerships:agreement_comment(agreement)                 ii mmmm mm mmm mm    ii rrrf nn fff nn
partnerships:agreement_settle(agreement comment)          ii mmmm mm mmm mm    ii rrrf nn fff nn
partnerships:agreement_agree(agreement)                   ii mmmm mm mmm mm    ii cccf nn fff nn
partnerships:agreement_on_behalf(agreement)               ii ooof nn fff nn    ii rrrf nn fff nn
partnerships:agreement_link(agreement)                    ii mmmm mm mmm mm    ii rrrf nn fff nn
partnerships:agreement_amend(in_force)                    ii ooof nn fff nn    ii rrrf nn fff nn
partnerships:agreement_blocks(amendment)                  ii ooof nn nnn nn    ii rrrf nn nnn nn
partnerships:agreement_end(in_force)                      ii ooff nn fff nn    ii rrff nn fff nn
partnerships:agreement_renew(in_force)                    ii mmmm mm mmm mm    ii rrrf nn fff nn
partnerships:agreement_ask(to_sign)                       ii ooof nn fff nn    ii rrrf nn fff nn
partnerships:agreement_signed(to_sign)                    ii ooof nn fff nn    ii rrrf nn fff nn
partnerships:agreement_correct(to_sign)                   ii ooof nn fff nn    ii rrrf nn fff nn
partnerships:agreement_signature(to_sign request 'withdraw') ii mmmm mm mmm mm ii rrrf nn fff nn
# --- their papers: whoever keeps one prints and ticks; leads upload templates
partnerships:agreement_document(signing)                  ii mmmm mm mmm mm    ii rrrf nn fff nn
partnerships:agreement_paper(signing)                     ii mmmm mm mmm mm    ii rrrf nn fff nn
partnerships:agreement_paper_undo(signing paper_step)     ii mmmm mm mmm mm    ii rrrf nn fff nn
partnerships:paper_many                                   ii rrrr ff fff ff    ii rrrr ff fff ff
partnerships:paper_away                                   ii oooo ff fff ff    ii mmmm mm mmm mm
partnerships:template_list                                ii oooo ff fff ff    ii mmmm mm mmm mm
partnerships:template_new                                 ii ooff ff fff ff    ii rrff ff fff ff
partnerships:template_starter('en')                       ii oooo ff fff ff    ii mmmm mm mmm mm
partnerships:template_detail(template)                    ii oooo nn nnn nn    ii mmmm mm mmm mm
partnerships:template_preview(template)                   ii nnnn nn nnn nn    ii mmmm mm mmm mm
partnerships:template_use(template)                       ii mmmm mm mmm mm    ii rrff nn nnn nn
partnerships:scan_list                                    ii oooo ff fff ff    ii mmmm mm mmm mm
partnerships:scan_new                                     ii oooo ff fff ff    ii rrrr ff fff ff
partnerships:scan_detail(scan)                            ii ooon nn nnn nn    ii mmmm mm mmm mm
partnerships:scan_page(scan page)                         ii mmmm mm mmm mm    ii rrrn nn nnn nn
partnerships:scan_apply(scan)                             ii mmmm mm mmm mm    ii cccn nn nnn nn
partnerships:scan_discard(scan)                           ii mmmm mm mmm mm    ii rrrn nn nnn nn
partnerships:scan_sign(filed)                             ii mmmm mm mmm mm    ii rrrr nn fff nn
partnerships:portal_agreements(enterprise)                ii nnnn nn ooo nn    ii mmmm mm mmm mm
partnerships:portal_agreement(enterprise agreement)       ii nnnn nn ooo nn    ii mmmm mm mmm mm
# who was asked signs or says why not: here the lead, and the keeper of the enterprise; everybody else reads
partnerships:agreement_sign(to_sign)                      ii oooo nn fff nn    ii crcc nn fff nn
partnerships:agreement_seen(to_sign)                      ii mmmm mm mmm mm    ii eeee nn fff nn
partnerships:portal_agreement_sign(enterprise to_sign)    ii nnnn nn ooo nn    ii nnnn nn rcc nn
partnerships:portal_agreement_seen(enterprise to_sign)    ii mmmm mm mmm mm    ii nnnn nn eee nn
partnerships:portal_agreement_edit(enterprise agreement)  ii nnnn nn ooo nn    ii nnnn nn rrr nn
partnerships:portal_agreement_agree(enterprise agreement) ii mmmm mm mmm mm    ii nnnn nn ccc nn
partnerships:portal_agreement_comment(enterprise agreement) ii mmmm mm mmm mm  ii nnnn nn rrr nn
partnerships:portal_agreement_settle(enterprise agreement reply) ii mmmm mm mmm mm  ii nnnn nn rrr nn

# --- needs: all officers read; who keeps the partner or is of the department changes; offers: their department
partnerships:need_list                                    ii oooo ff fff ff    ii mmmm mm mmm mm
partnerships:wish_new                                     ii oooo ff fff ff    ii rrru ff fff ff
partnerships:need_new(enterprise)                         ii oooo nn fff nn    ii rrrr nn fff nn
partnerships:need_link(enterprise)                        ii mmmm mm mmm mm    ii rrrf nn fff nn
partnerships:need_detail(need)                            ii oooo nn fff nn    ii mmmm mm mmm mm
partnerships:need_edit(need)                              ii ooof nn fff nn    ii rrrf nn fff nn
partnerships:need_move(need 'withdraw')                   ii mmmm mm mmm mm    ii rrrf nn fff nn
partnerships:need_decide(need)                            ii mmmm mm mmm mm    ii rrrf nn fff nn
partnerships:match_reconsider(match)                      ii mmmm mm mmm mm    ii rrrf nn nnn nn
partnerships:offer_list                                   ii oooo ff fff ff    ii mmmm mm mmm mm
partnerships:offer_new                                    ii oooo ff fff ff    ii rrru ff fff ff
partnerships:offer_detail(offer)                          ii oooo nn nnn nn    ii mmmm mm mmm mm
partnerships:offer_edit(offer)                            ii ooof nn nnn nn    ii rrrf nn nnn nn
partnerships:offer_withdraw(offer)                        ii mmmm mm mmm mm    ii rrrf nn nnn nn
partnerships:offer_decide(offer)                          ii mmmm mm mmm mm    ii rrrf nn nnn nn

# --- asks: every officer asks for the own department; who asks, that department and who keeps the partner go on with it
partnerships:ask_list                                     ii oooo ff fff ff    ii mmmm mm mmm mm
partnerships:ask_new(enterprise)                          ii oooo nn fff nn    ii rrru nn fff nn
partnerships:ask_detail(ask)                              ii oooo nn fff nn    ii mmmm mm mmm mm
partnerships:ask_move(ask 'withdraw')                     ii mmmm mm mmm mm    ii rrrf nn fff nn
partnerships:ask_seen(ask)                                ii mmmm mm mmm mm    ii rrrf nn fff nn
partnerships:ask_link(ask)                                ii mmmm mm mmm mm    ii rrrf nn fff nn
partnerships:ask_on_behalf(ask)                           ii ooof nn fff nn    ii rrrf nn fff nn

# --- the same in the portal: the enterprise's own needs, what is shown of the offers, what the school asks of it
partnerships:portal_needs(enterprise)                     ii nnnn nn ooo nn    ii mmmm mm mmm mm
partnerships:portal_need_new(enterprise)                  ii nnnn nn ooo nn    ii nnnn nn rrr nn
partnerships:portal_need(enterprise need)                 ii nnnn nn ooo nn    ii mmmm mm mmm mm
partnerships:portal_need_edit(enterprise need)            ii nnnn nn ooo nn    ii nnnn nn rrr nn
partnerships:portal_need_move(enterprise need 'withdraw') ii mmmm mm mmm mm    ii nnnn nn rrr nn
partnerships:portal_offers(enterprise)                    ii nnnn nn ooo nn    ii mmmm mm mmm mm
partnerships:portal_asks(enterprise)                      ii nnnn nn ooo nn    ii mmmm mm mmm mm
partnerships:portal_ask(enterprise ask)                   ii nnnn nn ooo nn    ii nnnn nn rrr nn

# --- what both sides promised, and the end: read and kept like the agreement; an enterprise says that its own is done
partnerships:obligation_list                              ii oooo ff fff ff    ii mmmm mm mmm mm
partnerships:obligation_new(in_force)                     ii ooof nn fff nn    ii rrrf nn fff nn
partnerships:obligation_detail(obligation)                ii oooo nn fff nn    ii mmmm mm mmm mm
partnerships:obligation_keep(obligation)                  ii ooof nn fff nn    ii rrrf nn fff nn
partnerships:obligation_edit(obligation)                  ii ooof nn fff nn    ii rrrf nn fff nn
partnerships:obligation_move(obligation 'waive')          ii mmmm mm mmm mm    ii rrrf nn fff nn
partnerships:obligation_link(obligation)                  ii mmmm mm mmm mm    ii rrrf nn fff nn
partnerships:agreement_ending(in_force)                   ii oooo nn fff nn    ii rrrf nn fff nn
partnerships:portal_obligations(enterprise)               ii nnnn nn ooo nn    ii mmmm mm mmm mm
partnerships:portal_obligation(enterprise obligation)     ii nnnn nn ooo nn    ii nnnn nn rrr nn
partnerships:portal_wish(enterprise in_force)             ii nnnn nn ooo nn    ii nnnn nn rrr nn

# --- the results of years: all officers read, who keeps the partner enters them; an enterprise reads its own
partnerships:result_list                                  ii oooo ff fff ff    ii mmmm mm mmm mm
partnerships:result_enter                                 ii oooo ff fff ff    ii rrrr ff fff ff
partnerships:result_edit(enterprise 'school' '2026')      ii ooof nn fff nn    ii rrrf nn fff nn
partnerships:portal_results(enterprise)                   ii nnnn nn ooo nn    ii mmmm mm mmm mm

# --- calendars to subscribe to
partnerships:calendar_own                                 ii oooo oo ooo oo    ii rrrr rr rrr rr
partnerships:calendar_feed(feed_code)                     oo oooo oo ooo oo    mm mmmm mm mmm mm
"""
ROWS = read_table(TABLE)
METHODS = ("get", "post")

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def stage(django_db_setup, django_db_blocker):
    with standing_stage(django_db_blocker) as standing:
        yield standing


# --- the table ---------------------------------------------------------------------------------------------------


def test_every_address_has_its_line():
    known = {name for name, _pattern in names_of() if not name.startswith("admin:") and name != "admin/login/"}
    lines = [row.name for row in ROWS]
    assert sorted(set(lines)) == sorted(lines), "two lines for one address"
    assert set(lines) == known


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_each_person_gets_the_answer_of_the_table(stage, row):
    wrong = []
    for method in METHODS:
        for member in MEMBERS:
            data = form(row.name, stage.a) if method == "post" else None
            answer = ask(stage.clients[member], method, row.path(stage.a), data)
            if answer.letter != row.expected[method][member]:
                wrong.append(f"{method.upper()} {member}: {row.expected[method][member]} expected, {answer}")
    assert not wrong, "\n".join([row.name, *wrong])


# --- what is not there, and what is somebody else's --------------------------------------------------------------

STRANGERS = ("other_officer", "teacher", "former_hr", "stranger_hr")


@pytest.mark.parametrize("row", [row for row in ROWS if row.is_about_something], ids=lambda row: row.name)
def test_somebody_elses_is_answered_like_nothing(stage, row):
    """Same status, same bytes: nobody learns which ids exist. HR of A meets the objects of B as the others those of A."""
    asked = [(member, stage.a) for member in STRANGERS] + [("hr", stage.b)]
    told = []
    for method in METHODS:
        for member, side in asked:
            if row.expected[method]["stranger_hr" if side is stage.b else member] not in "n":
                continue
            foreign = ask(stage.clients[member], method, row.path(side), posted(row, method, side))
            missing = ask(stage.clients[member], method, row.path(stage.missing), posted(row, method, stage.missing))
            if (foreign.status, foreign.bare) != (missing.status, missing.bare) or foreign.letter != "n":
                told.append(f"{method.upper()} {member}: {foreign}, but {missing} for what does not exist")
    assert not told, "\n".join([row.name, *told])


def posted(row, method, side):
    return form(row.name, side) if method == "post" else None


#: Under the address of the own enterprise the id of a part of another one: who asks, and what is not theirs.
MIXED = [
    ("hr", row) for row in ROWS if row.name.startswith("partnerships:portal_") and len(row.arguments) == 2
] + [("officer", row) for row in ROWS if row.name in {f"partnerships:link_{name}" for name in ("carry", "withdraw", "renew")}] + [
    ("anonymous", row) for row in ROWS if row.name in ("partnerships:link_picture", "partnerships:link_file")
]  # fmt: skip


@pytest.mark.parametrize(("member", "row"), MIXED, ids=lambda value: getattr(value, "name", value))
def test_a_part_of_another_enterprise_is_nothing_here(stage, member, row):
    for method in METHODS:
        if row.expected[method][member] == "m":
            continue
        foreign = ask(stage.clients[member], method, row.path(stage.a, stage.b), posted(row, method, stage.b))
        missing = ask(stage.clients[member], method, row.path(stage.a, stage.missing), posted(row, method, stage.a))
        assert (foreign.letter, foreign.bare) == ("n", missing.bare), f"{method} {foreign} {missing}"


# --- the next request --------------------------------------------------------------------------------------------


@pytest.fixture
def undone(stage):
    with transaction.atomic():
        yield stage
        transaction.set_rollback(True)


def test_who_leaves_the_enterprise_is_out_with_the_next_request(undone):
    page = reverse("partnerships:portal_home", args=[undone.a.enterprise])
    document = reverse("partnerships:file", args=[undone.a.document])
    client = undone.clients["colleague_hr"]
    assert [ask(client, "get", path).letter for path in (page, document)] == ["o", "o"]
    mark_left(undone.cast.a.contacts.get(user=undone.cast.colleague_hr), by=undone.cast.officer, left_on=localdate())
    assert [ask(client, "get", path).letter for path in (page, document)] == ["n", "n"]


@pytest.mark.parametrize("member", ["hr", "officer", "administrator"])
def test_who_is_stopped_is_nobody_with_the_next_request(undone, member):
    client, person = undone.clients[member], getattr(undone.cast, member)
    paths = [reverse("home"), reverse("accounts:profile"), reverse("partnerships:file", args=[undone.a.document])]
    assert "i" not in [ask(client, "get", path).letter for path in paths]
    User.objects.filter(pk=person.pk).update(is_active=False)  # the sessions stay: the switch alone must do
    assert [ask(client, "get", path).letter for path in paths] == ["i", "i", "i"]


def test_who_loses_the_role_loses_its_pages_with_the_next_request(undone):
    client, page = undone.clients["officer"], reverse("partnerships:enterprise_detail", args=[undone.a.enterprise])
    assert ask(client, "get", page).letter == "o"
    User.objects.filter(pk=undone.cast.officer.pk).update(role="teacher")
    assert ask(client, "get", page).letter == "n"


def test_hr_of_two_enterprises_enters_both(stage):
    pages = [reverse("partnerships:portal_home", args=[side.enterprise]) for side in (stage.a, stage.b)]
    assert [ask(stage.clients["hr_of_both"], "get", page).letter for page in pages] == ["o", "o"]


# --- the administration ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "pattern"), ADMIN, ids=lambda value: value)
def test_the_admin_is_for_administrators(stage, name, pattern):
    path, expected = of_admin(name, pattern)
    answer = ask(stage.clients["administrator"], "get", path)
    assert answer.letter == expected, f"{path}: {answer}"
    sent = ask(stage.clients["administrator"], "post", path, {"post": "yes"} if "delete" in path else {})
    assert sent.letter not in "X?", f"POST {path}: {sent}"
    word = name.removeprefix("admin:")
    is_read_only = word.endswith("_change") and word.removesuffix("_change") not in ADDED
    if word not in PLAIN and (expected == "f" or is_read_only):
        assert sent.letter == "f", f"POST {path}: {sent}"
    if name in ("admin:login", "admin:logout"):
        return  # everybody may look for the way in and go
    for member, method in (("anonymous", "get"), ("lead", "get"), ("officer", "post"), ("hr", "post"), ("hr", "get")):
        refused = ask(stage.clients[member], method, path)
        assert refused.letter in "irfn", f"{method} {path} {member}: {refused}"
        assert refused.letter != "r" or refused.location.startswith("/admin/login/"), f"{path} {member}: {refused}"
