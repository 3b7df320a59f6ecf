"""Addresses of the station."""

from django.urls import path

from ainalym.web.station import arriving, fetching, leaving, lying, sorting

app_name = "station"
urlpatterns = [
    path("<str:site>/", arriving.home, name="home"),
    path("<str:site>/pickups/<uuid:pickup>", fetching.answer, name="pickup"),
    path("<str:site>/pickups/<uuid:pickup>/loaded", fetching.loaded, name="loaded"),
    path("<str:site>/loads/<uuid:load>", arriving.load, name="load"),
    path("<str:site>/arrivals/<uuid:name>", arriving.arrival, name="arrival"),
    path("<str:site>/sort", sorting.sort, name="sort"),
    path("<str:site>/runs/<uuid:name>", sorting.run, name="run"),
    path("<str:site>/stock", lying.stock_here, name="stock"),
    path("<str:site>/lots/<int:number>", lying.label, name="lot"),
    path("<str:site>/send", leaving.send, name="send"),
    path("<str:site>/passports/<uuid:name>", leaving.passport, name="passport"),
    path("<str:site>/done", lying.done, name="done"),
    path("<str:site>/done/<uuid:name>/take-back", lying.take_back, name="take-back"),
]
