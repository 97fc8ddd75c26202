"""The cast stands where the stories expect it."""

from partnerships.models import Enterprise, is_member


def test_the_cast_sees_what_its_roles_see(cast):
    seen = {
        name: set(Enterprise.objects.visible_to(getattr(cast, name)))
        for name in ("officer", "teacher", "hr", "hr_of_both", "former_hr", "stranger_hr", "disabled")
    }
    both, none = {cast.a, cast.b}, set()
    assert seen == {
        "officer": both,
        "teacher": none,
        "hr": {cast.a},
        "hr_of_both": both,
        "former_hr": none,
        "stranger_hr": {cast.b},
        "disabled": none,
    }


def test_membership_ends_with_the_day_somebody_leaves(cast):
    assert is_member(cast.hr, cast.a)
    assert not is_member(cast.former_hr, cast.a)
    assert not is_member(cast.stranger_hr, cast.a)
    assert not is_member(cast.officer, cast.a)


def test_everybody_who_is_here_signs_in(cast, signed_in):
    assert signed_in(cast.officer).session["_auth_user_id"] == str(cast.officer.pk)
    assert "_auth_user_id" not in signed_in().session
