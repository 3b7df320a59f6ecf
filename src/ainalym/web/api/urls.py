"""Addresses of the API."""

from django.urls import path

from ainalym.web.api import asking, epcis, exports, telling, weighings
from ainalym.web.api.door import api, strict

for room in (telling, weighings, asking, epcis, exports):
    # A parameter that is passed over in silence gives an answer to another question.
    room.router.add_decorator(strict, mode="view")
    api.add_router("", room.router)

app_name = "api"
urlpatterns = [path("v1/", api.urls)]
