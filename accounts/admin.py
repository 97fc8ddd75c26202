"""Administrators read everything here and edit departments; people change on their own pages, through services."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _

from accounts import services
from accounts.models import Department, Invitation, User

admin.site.site_header = admin.site.site_title = _("Ronghe: administration")
# Roles stand in for groups, and a person has one address: nobody should look for them here. The other two are below.
admin.site.unregister([Group, EmailAddress, Authenticator, UserSession])


class ReadOnlyAdmin(admin.ModelAdmin):
    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    list_display = ["name", "email", "role", "department", "is_active", "last_login"]
    list_filter = ["role", "is_active", "department"]
    search_fields = ["name", "name_en", "email", "phone"]
    exclude = ["password"]
    list_select_related = ["department"]
    show_full_result_count = False


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    list_display = ["name", "email", "role", "invited_by", "invited_at", "expires_at", "accepted_at", "withdrawn_at"]
    list_filter = ["role"]
    search_fields = ["name", "email"]
    exclude = ["form_key", "code"]
    list_select_related = ["invited_by"]
    show_full_result_count = False


@admin.register(Department)
class DepartmentAdmin(admin.ModelAdmin):
    """Nothing is deleted: a department that closed is taken out of use."""

    list_display = ["name", "name_en", "kind", "is_open"]
    list_filter = ["kind", "is_open"]
    search_fields = ["name", "name_en"]

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(UserSession)
class UserSessionAdmin(ReadOnlyAdmin):
    """Whoever knows the key of a session is that person: it is shown nowhere."""

    list_display = ["user", "created_at", "last_seen_at", "ip", "user_agent"]
    search_fields = ["user__name", "user__email", "=ip"]
    exclude = ["session_key", "data"]
    list_select_related = ["user"]
    show_full_result_count = False


@admin.register(Authenticator)
class AuthenticatorAdmin(ReadOnlyAdmin):
    """Second factors: one is removed for somebody who has lost it; its secret is never shown."""

    list_display = ["user", "type", "created_at", "last_used_at"]
    list_filter = ["type"]
    search_fields = ["user__name", "user__email"]
    exclude = ["data"]
    list_select_related = ["user"]
    show_full_result_count = False

    def has_delete_permission(self, request, obj=None):
        return request.user.is_active and request.user.is_staff

    def delete_model(self, request, authenticator):
        services.remove_second_factor(authenticator, by=request.user)

    def delete_queryset(self, request, authenticators):
        for authenticator in authenticators.select_related("user"):
            services.remove_second_factor(authenticator, by=request.user)
