"""Addresses of the counter."""

from django.urls import path

from ainalym.web.counter import views

app_name = "counter"
urlpatterns = [
    path("worker.js", views.worker, name="worker"),
    path("<str:site>/", views.home, name="home"),
    path("<str:site>/state", views.state, name="state"),
    path("<str:site>/tickets", views.tickets, name="tickets"),
    path("<str:site>/series", views.series, name="series"),
    path("<str:site>/slips/<uuid:ticket>", views.slip, name="slip"),
    path("<str:site>/slips/<uuid:ticket>/take-back", views.take_back, name="take-back"),
    path("<str:site>/day", views.day, name="day"),
    path("<str:site>/till", views.till, name="till"),
    path("<str:site>/pickup", views.pickup, name="pickup"),
    path("<str:site>/pickups", views.pickups, name="pickups"),
]
