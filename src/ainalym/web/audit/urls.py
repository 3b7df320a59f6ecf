"""Addresses of the auditor's room."""

from django.urls import path

from ainalym.web.audit import entered, lots, periods, weighings

app_name = "audit"
urlpatterns = [
    path("", periods.home, name="home"),
    path("verify", periods.verify_now, name="verify"),
    path("periods/<int:number>", periods.one, name="period"),
    path("weighings", weighings.listed, name="weighings"),
    path("lots", lots.search, name="lots"),
    path("lots/<int:number>", lots.way, name="way"),
    path("lots/<int:number>.csv", lots.table, name="table"),
    path("entries", entered.listed, name="entries"),
    path("entries/<int:number>", entered.one, name="entry"),
    path("entries/<int:number>/proof-<int:period>.json", entered.proof, name="proof"),
]
