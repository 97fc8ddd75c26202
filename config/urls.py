"""Every address. Only the pieces of allauth in use are included: nobody signs up here."""

from django.contrib import admin
from django.urls import include, path

from accounts.views import own
from config.css import stylesheet
from config.health import healthz
from reminders.health import healthz_reminders

handler400 = "accounts.errors.bad_request"
handler403 = "accounts.errors.forbidden"
handler404 = "accounts.errors.not_found"
handler429 = "accounts.errors.too_many"
handler500 = "accounts.errors.server_error"

urlpatterns = [
    path("", own.home, name="home"),
    path("account/", include("accounts.allauth_urls")),
    path("", include("accounts.urls")),
    path("admin/login/", own.admin_login),
    path("admin/", admin.site.urls),
    path("healthz", healthz, name="healthz"),
    path("healthz/reminders", healthz_reminders, name="healthz_reminders"),
    path("css/<slug:digest>.css", stylesheet, name="stylesheet"),
    path("", include("reminders.urls")),
    path("", include("partnerships.urls")),
    path("", include("reports.urls")),
]
