"""The pages of allauth we use, at our addresses. Signing up and changing addresses are not among them."""

from allauth.account import views as account
from django.urls import include, path, re_path

from accounts.views import sign_in

urlpatterns = [
    path("login/", sign_in.sign_in, name="account_login"),
    path("login/code/", account.request_login_code, name="account_request_login_code"),
    path("login/code/confirm/", account.confirm_login_code, name="account_confirm_login_code"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("password/change/", account.password_change, name="account_change_password"),
    path("password/set/", account.password_set, name="account_set_password"),
    path("password/reset/", account.password_reset, name="account_reset_password"),
    path("password/reset/done/", account.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("password/reset/key/done/", account.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    # Ours come first and win over the same names in the include below.
    path("second-factor/totp/activate/", sign_in.set_up_totp, name="mfa_activate_totp"),
    path("second-factor/webauthn/add/", sign_in.add_key, name="mfa_add_webauthn"),
    path("second-factor/webauthn/keys/<int:pk>/remove/", sign_in.remove_key, name="mfa_remove_webauthn"),
    path("second-factor/", include("allauth.mfa.urls")),
    path("sessions/", include("allauth.usersessions.urls")),
]
