"""The list of people as a sheet: (title, heads, rows), as records.spreadsheets writes them."""

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Role, User


def people_sheet(queryset):
    """One row per person of `queryset`, by name."""
    fields = (
        User._meta.get_field(name).verbose_name for name in ("name", "name_en", "role", "department", "email", "phone")
    )
    heads = [*(str(name) for name in fields), _("account since"), _("last signed in"), _("may sign in")]
    return _("People"), heads, people_rows(queryset)


def people_rows(queryset):
    roles = {value: str(label) for value, label in Role.choices}
    for person in queryset.select_related("department").order_by("name", "pk").iterator(chunk_size=1_000):
        yield (
            person.name, person.name_en, roles[person.role], str(person.department or ""), person.email, person.phone,
            timezone.localdate(person.date_joined), person.last_login, _("yes") if person.is_active else _("no"),
        )  # fmt: skip
