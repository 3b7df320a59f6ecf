"""Addresses of the office."""

from django.urls import path

from ainalym.web.office import prices, scales, staff

app_name = "office"
urlpatterns = [
    path("", staff.people, name="home"),
    path("people", staff.add, name="add"),
    path("people/<int:person>", staff.change, name="change"),
    path("trail", staff.trail, name="trail"),
    path("prices", prices.prices, name="prices"),
    path("scales", scales.scales, name="scales"),
]
