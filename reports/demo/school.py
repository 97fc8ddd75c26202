"""The school: departments, and people who came in by invitation."""

from accounts.models import Department, Role, User
from accounts.services import accept_invitation, edit_profile, invite_person
from reports.demo import cast


def open_school(stage):
    """Make the departments and the staff. The first administrator invites the others, as at a real beginning."""
    for key, (name, name_en, kind) in cast.DEPARTMENTS.items():
        stage.departments[key] = Department.objects.create(name=name, name_en=name_en, kind=kind)
    for key, name, name_en, role, department, phone, is_demo in cast.STAFF:
        email = f"{name_en.lower().replace(' ', '.').replace(chr(39), '')}@{cast.SCHOOL_MAIL}"
        if role == Role.ADMINISTRATOR:
            person = User.objects.create_user(email, None, name=name, role=role, department=stage.departments["处"])
        else:
            person = _join(stage, name, role, stage.departments[department], email)
        edit_profile(person, name=name, name_en=name_en, phone=phone, language="zh-hans")
        person.is_demo = is_demo
        person.save(update_fields=["is_demo"])
        stage.staff[key] = person


def _join(stage, name, role, department, email):
    """Invitations are carried by hand here: nothing is mailed while the database is filled."""
    invitation = invite_person(by=stage.staff["admin"], name=name, role=role, department=department, now=stage.start)
    return accept_invitation(invitation, email=email, now=stage.start)
