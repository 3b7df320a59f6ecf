"""Addresses of signing in."""

from django.urls import path

from ainalym.web.people import tokens, views

app_name = "people"
urlpatterns = [
    path("sign-in", views.sign_in, name="sign-in"),
    path("sign-out", views.sign_out, name="sign-out"),
    path("language", views.language, name="language"),
    path("password", views.password, name="password"),
    path("tokens", tokens.tokens, name="tokens"),
    path("tokens/<int:token>/end", tokens.end, name="end-token"),
]
