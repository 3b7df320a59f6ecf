"""Addresses of the department's room."""

from django.urls import path

from ainalym.web.department import against, clock, closing, monthly

app_name = "department"
urlpatterns = [
    path("", against.home, name="home"),
    path("clock", clock.accept, name="clock"),
    path("map", against.plan_map, name="map"),
    path("plan", against.plan, name="plan"),
    path("form", monthly.form, name="form"),
    path("form.csv", monthly.form_table, name="form-table"),
    path("closing", closing.closing, name="closing"),
    path("closing/<str:place>", closing.close, name="close"),
    path("acts/<int:number>", closing.act, name="act"),
]
