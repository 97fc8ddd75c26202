"""Stopping people, changing their role, and who may."""

import contextlib
import threading

import pytest
from allauth.usersessions.models import UserSession
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from accounts import rules, services
from accounts.models import Department, Role, User
from records.models import Event
from records.workflow import NotAllowed, Refused
from tests.accounts.factories import PASSWORD, person, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin():
    return person(Role.ADMINISTRATOR)


class TestStopping:
    def test_takes_effect_on_the_next_request(self, client, client_elsewhere, admin):
        officer = person()
        sign_in(client, officer)
        sign_in(client_elsewhere, officer)
        assert client.get("/account/profile/").status_code == 200
        services.disable_user(officer, by=admin)
        assert client.get("/account/profile/").status_code == 302
        assert client_elsewhere.get("/account/profile/").status_code == 302
        assert not UserSession.objects.filter(user=officer).exists()
        assert Event.objects.of(officer).get().kind == "person.disabled"

    def test_and_letting_in_again(self, client, admin):
        officer = person()
        services.disable_user(officer, by=admin)
        services.enable_user(officer, by=admin)
        sign_in(client, officer)
        assert client.get("/account/profile/").status_code == 200

    def test_nobody_stops_oneself(self, admin):
        with pytest.raises(NotAllowed):
            services.disable_user(admin, by=admin)

    def test_the_last_administrator_stays(self, admin):
        other = person(Role.ADMINISTRATOR)
        services.disable_user(other, by=admin)
        stale = person(Role.ADMINISTRATOR, is_active=True)
        User.objects.filter(pk=admin.pk).update(is_active=False)
        with pytest.raises(Refused):
            services.change_role(stale, by=admin_like(), role=Role.LEAD)
        assert User.objects.get(pk=stale.pk).role == Role.ADMINISTRATOR

    @pytest.mark.django_db(transaction=True)
    def test_of_two_who_stop_each_other_one_stays(self, monkeypatch):
        pair = [person(Role.ADMINISTRATOR), person(Role.ADMINISTRATOR)]
        both_have_locked, check = threading.Barrier(2), services._keep_one_administrator
        outcomes = []

        def wait_and_check(someone):
            with contextlib.suppress(threading.BrokenBarrierError):  # the other cannot come: it waits for the rows
                both_have_locked.wait(0.5)
            check(someone)

        def stop(by, someone):
            try:
                services.disable_user(someone, by=by)
                outcomes.append("done")
            except Refused:
                outcomes.append("refused")
            finally:
                connection.close()

        monkeypatch.setattr(services, "_keep_one_administrator", wait_and_check)
        threads = [threading.Thread(target=stop, args=order) for order in (pair, pair[::-1])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert sorted(outcomes) == ["done", "refused"]

    @pytest.mark.parametrize("role", [Role.OFFICER, Role.TEACHER, Role.COUNSELLOR, Role.HR])
    def test_others_stop_nobody(self, role):
        someone = person()
        with pytest.raises(NotAllowed):
            services.disable_user(someone, by=person(role))
        assert User.objects.get(pk=someone.pk).is_active

    @pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.LEAD])
    def test_a_lead_does_not_stop_the_heads(self, role):
        someone = person(role)
        with pytest.raises(NotAllowed):
            services.disable_user(someone, by=person(Role.LEAD))
        assert User.objects.get(pk=someone.pk).is_active


def admin_like():
    """An administrator whose row says otherwise by now: the guard counts rows, not what the caller holds."""
    user = person(Role.LEAD)
    user.role = Role.ADMINISTRATOR
    return user


class TestRole:
    def test_changes_with_department_and_ends_the_sessions(self, client, admin):
        department = Department.objects.create(name="机电学院")
        officer = person()
        sign_in(client, officer)
        services.change_role(officer, by=admin, role=Role.TEACHER, department=department)
        officer.refresh_from_db()
        assert (officer.role, officer.department, officer.version) == (Role.TEACHER, department, 1)
        assert client.get("/account/profile/").status_code == 302
        event = Event.objects.of(officer).get()
        assert (event.data["from"]["role"], event.data["to"]["role"]) == ("officer", "teacher")

    @pytest.mark.parametrize(("old", "new"), [(Role.OFFICER, Role.HR), (Role.HR, Role.OFFICER)])
    def test_nobody_changes_sides(self, admin, old, new):
        someone = person(old)
        with pytest.raises(NotAllowed):
            services.change_role(someone, by=admin, role=new)
        assert User.objects.get(pk=someone.pk).role == old

    def test_a_lead_makes_no_leads(self):
        with pytest.raises(NotAllowed):
            services.change_role(person(), by=person(Role.LEAD), role=Role.LEAD)

    def test_asks_for_the_password_when_the_sign_in_is_older_than_ten_minutes(self, client, admin, time_machine):
        time_machine.move_to("2026-11-23 08:00+08:00", tick=False)
        officer = person()
        sign_in(client, admin)
        time_machine.shift(11 * 60)
        response = client.post(f"/people/{officer.pk}/role/", {"role": "teacher"})
        assert response["Location"].startswith("/account/reauthenticate/")
        assert User.objects.get(pk=officer.pk).role == Role.OFFICER
        client.post(response["Location"], {"password": PASSWORD, "next": f"/people/{officer.pk}/role/"})
        assert User.objects.get(pk=officer.pk).role == Role.TEACHER

    def test_right_after_signing_in_it_does_not(self, client, admin):
        officer = person()
        sign_in(client, admin)
        client.post(f"/people/{officer.pk}/role/", {"role": "teacher"})
        assert User.objects.get(pk=officer.pk).role == Role.TEACHER

    def test_an_unknown_role_is_refused_by_form_and_database(self, client, admin):
        officer = person()
        sign_in(client, admin)
        assert client.post(f"/people/{officer.pk}/role/", {"role": "king"}).status_code == 422
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.filter(pk=officer.pk).update(role="king")

    def test_the_database_keeps_hr_out_of_departments(self):
        hr = person(Role.HR)
        hr.department = Department.objects.create(name="机电学院")
        with pytest.raises(ValidationError):
            hr.full_clean()
        with pytest.raises(IntegrityError), transaction.atomic():
            hr.save()

    def test_one_account_per_address_in_any_case(self):
        person(email="a@example.test")
        with pytest.raises(IntegrityError), transaction.atomic():
            person(email="A@Example.test")


class TestPages:
    def test_administrators_and_leads_see_everyone(self, client):
        sign_in(client, person(Role.LEAD))
        hr = person(Role.HR, name="Zhao Min")
        page = client.get("/people/?q=zhao&role=hr")
        assert page.context["page"].rows == [hr]
        assert client.get(f"/people/{hr.pk}/").status_code == 200

    @pytest.mark.parametrize("role", [Role.OFFICER, Role.TEACHER, Role.COUNSELLOR, Role.HR])
    def test_others_do_not(self, client, role):
        someone = person()
        sign_in(client, person(role))
        assert client.get("/people/").status_code == 403
        assert client.get(f"/people/{someone.pk}/").status_code == 403
        for step in ("disable", "enable", "role"):
            assert client.post(f"/people/{someone.pk}/{step}/", {"role": "teacher"}).status_code == 403
        assert User.objects.get(pk=someone.pk).is_active

    def test_strangers_are_sent_to_sign_in(self, client):
        assert client.get("/people/")["Location"] == "/account/login/?next=/people/"

    def test_refusals_are_sentences(self, client):
        lead = person(Role.LEAD)
        sign_in(client, lead)
        response = client.post(f"/people/{person(Role.ADMINISTRATOR).pk}/disable/")
        assert response.status_code == 403
        assert rules.why_not_manage(lead, person(Role.ADMINISTRATOR)) in response.content.decode()

    def test_list_costs_the_same_with_many_and_pages_by_key(self, client, django_assert_max_num_queries):
        sign_in(client, person(Role.LEAD))
        for number in range(60):
            person(name=f"P{number:03}", department=Department.objects.create(name=f"D{number}"))
        with django_assert_max_num_queries(6):
            first = client.get("/people/?q=P0")
        second = client.get("/people/" + first.context["page"].next)
        assert len(first.context["page"]) == 50
        assert [row.name for row in second.context["page"]] == [f"P{number:03}" for number in range(50, 60)]
        assert second.context["page"].next == ""

    @pytest.mark.parametrize(
        "query", ["q=%00", "q=" + "x" * 400, "role=king", "after=@@@", "stopped=on", "sort=password"]
    )
    def test_nonsense_in_the_address_is_no_fault(self, client, query):
        sign_in(client, person(Role.LEAD))
        assert client.get(f"/people/?{query}").status_code == 200

    def test_profile_is_saved_and_nothing_else_with_it(self, client):
        someone = person(Role.OFFICER)
        sign_in(client, someone)
        values = {"name": "林薇", "name_en": "Lin Wei", "phone": "13800000001", "language": "en"}
        client.post("/account/profile/", values | {"role": "administrator", "email": "x@example.test", "is_active": ""})
        someone.refresh_from_db()
        assert (someone.name, someone.phone, someone.language) == ("林薇", "13800000001", "en")
        assert (someone.role, someone.is_active) == (Role.OFFICER, True)
        assert someone.email != "x@example.test"


class TestVisible:
    def test_each_sees_what_the_role_sees(self):
        cast = {role: person(role) for role in Role}
        school = {user for role, user in cast.items() if role != Role.HR}
        assert set(User.objects.visible_to(cast[Role.LEAD])) == set(cast.values())
        assert set(User.objects.visible_to(cast[Role.OFFICER])) == school
        assert set(User.objects.visible_to(cast[Role.HR])) == {cast[Role.HR]}
        assert not User.objects.visible_to(person(Role.LEAD, is_active=False)).exists()


class TestAdmin:
    @pytest.mark.parametrize("model", ["user", "invitation", "department"])
    def test_reads_and_deletes_nothing(self, client, admin, model):
        Department.objects.create(name="机电学院")
        sign_in(client, admin)
        assert client.get(f"/admin/accounts/{model}/").status_code == 200
        assert client.get(f"/admin/accounts/{model}/1/delete/").status_code in (302, 403)

    def test_people_are_not_edited_there(self, client, admin):
        sign_in(client, admin)
        someone = person()
        page = client.get(f"/admin/accounts/user/{someone.pk}/change/").content.decode()
        assert someone.password not in page
        assert client.post(f"/admin/accounts/user/{someone.pk}/change/", {"role": "lead"}).status_code == 403
        assert client.get("/admin/accounts/user/add/").status_code == 403
