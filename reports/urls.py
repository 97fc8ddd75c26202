"""Addresses that look across the house; each group is one module of views."""

from django.urls import path

from reports.views import exports, rhythm, saved, today

app_name = "reports"

urlpatterns = [
    path("today/", today.today, name="today"),
]

# --- how portfolios are kept in touch with (views/rhythm.py) ---
urlpatterns += [
    path("reports/rhythm/", rhythm.contact_rhythm, name="contact_rhythm"),
]

# --- lists as files (views/exports.py) ---
urlpatterns += [
    path("lists/<slug:name>/export/", exports.list_export, name="list_export"),
    path("exports/", exports.export_list, name="export_list"),
    path("exports/<int:pk>/", exports.export_detail, name="export_detail"),
    path("exports/<int:pk>/file/", exports.export_file, name="export_file"),
]

# --- saved views of lists (views/saved.py) ---
urlpatterns += [
    path("views/", saved.view_list, name="view_list"),
    path("views/<int:pk>/", saved.view_open, name="view_open"),
    path("views/<int:pk>/rename/", saved.view_rename, name="view_rename"),
    path("views/<int:pk>/delete/", saved.view_delete, name="view_delete"),
    path("lists/<slug:name>/views/", saved.view_save, name="view_save"),
]
