"""Addresses of the plant."""

from django.urls import path

from ainalym.web.plant import bought, delivering, offering

app_name = "plant"
urlpatterns = [
    path("<str:site>/", delivering.home, name="home"),
    path("<str:site>/deliveries/<uuid:load>", delivering.delivery, name="delivery"),
    path("<str:site>/offers", offering.offers, name="offers"),
    path("<str:site>/bought", bought.bought, name="bought"),
    path("<str:site>/certificates/<uuid:name>", bought.certificate, name="certificate"),
    path("<str:site>/certificates/<uuid:name>/take-back", bought.take_back, name="take-back"),
]
