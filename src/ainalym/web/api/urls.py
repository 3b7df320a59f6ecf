"""Addresses of the API."""

from django.urls import path

from ainalym.web.api import asking, epcis, exports, telling, weighings
from ainalym.web.api.door import api

for room in (telling, weighings, asking, epcis, exports):
    api.add_router("", room.router)

app_name = "api"
urlpatterns = [path("v1/", api.urls)]
