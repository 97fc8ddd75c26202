"""Addresses of what is due and who is told; each group is one module of views."""

from django.urls import path

from reminders.views import centre, forward, tasks, wishes

app_name = "reminders"

# --- carried by hand (views/forward.py) ---
urlpatterns = [
    path("forward/", forward.forward, name="forward"),
    path("forward/<int:pk>/<slug:name>/", forward.forward_move, name="forward_move"),
]

# --- one task (views/tasks.py) ---
urlpatterns += [
    path("tasks/<int:pk>/", tasks.task_detail, name="task_detail"),
    path("tasks/<int:pk>/put-off/", tasks.task_snooze, name="task_snooze"),
    path("tasks/<int:pk>/wake/", tasks.task_wake, name="task_wake"),
    path("tasks/<int:pk>/remind/", tasks.task_remind, name="task_remind"),
]

# --- the reminder centre (views/centre.py) ---
urlpatterns += [
    path("reminders/", centre.centre, name="centre"),
    path("reminders/rules/<slug:name>/", centre.rule, name="rule"),
    path("reminders/rules/<slug:name>/switch/", centre.rule_switch, name="rule_switch"),
    path("reminders/deliveries/", centre.delivery_list, name="delivery_list"),
    path("reminders/deliveries/<int:pk>/resend/", centre.delivery_resend, name="delivery_resend"),
]

# --- how somebody wants mail (views/wishes.py): behind a link in a mail ---
urlpatterns += [path("u/<slug:code>", wishes.mail_wish, name="mail_wish")]
