"""Addresses: the first page, and those of every room that is there."""

from django.urls import include, path

from ainalym.web.people.views import first_page
from ainalym.web.settings import HERE, rooms

urlpatterns = [
    path("", first_page, name="first"),
    *(
        path(f"{room}/", include(f"ainalym.web.{room}.urls"))
        for room in rooms()
        if (HERE / room / "urls.py").is_file()
    ),
]

handler400 = "ainalym.web.refusals.bad_request"
handler403 = "ainalym.web.refusals.forbidden"
handler404 = "ainalym.web.refusals.not_found"
handler500 = "ainalym.web.refusals.broken"
