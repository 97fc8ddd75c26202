from django.urls import path, re_path

from accounts.views import demo, invitations, own, people

app_name = "accounts"

urlpatterns = [
    path("language/", own.language_set, name="language_set"),
    path("account/profile/", own.profile, name="profile"),
    path("account/profile/mail/", own.profile_mail, name="profile_mail"),
    path("account/sessions/<int:pk>/end/", own.session_end, name="session_end"),
    path("people/", people.people, name="people"),
    path("people/invite/", invitations.invitation_new, name="invitation_new"),
    path("people/invitations/", invitations.invitation_list, name="invitation_list"),
    path("people/invitations/<int:pk>/", invitations.invitation, name="invitation"),
    path("people/invitations/<int:pk>/send/", invitations.invitation_send_again, name="invitation_send_again"),
    path("people/invitations/<int:pk>/withdraw/", invitations.invitation_withdraw, name="invitation_withdraw"),
    path("people/<int:pk>/", people.person, name="person"),
    path("people/<int:pk>/disable/", people.person_disable, name="person_disable"),
    path("people/<int:pk>/enable/", people.person_enable, name="person_enable"),
    path("people/<int:pk>/role/", people.person_role, name="person_role"),
    # Made without a slash at the end, so that it stays short; read with one too, as it was once handed out.
    re_path(r"^i/(?P<code>[-a-zA-Z0-9_]+)/?$", invitations.invitation_accept, name="invitation_accept"),
    path("demo/<int:pk>/", demo.demo_login, name="demo_login"),
    path("mail/", demo.mail_list, name="mail_list"),
    path("mail/<slug:key>/", demo.mail_detail, name="mail_detail"),
    path(".well-known/security.txt", own.security_txt, name="security_txt"),
]
