"""Addresses of what is due and who is told; each group is one module of views."""

from django.urls import path

from reminders.views import forward

app_name = "reminders"

# --- carried by hand (views/forward.py) ---
urlpatterns = [
    path("forward/", forward.forward, name="forward"),
    path("forward/<int:pk>/<slug:name>/", forward.forward_move, name="forward_move"),
]
