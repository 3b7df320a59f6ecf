"""The clock: the department says that it is right, though nothing was recorded for long."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from ainalym.model.deed import Clock
from ainalym.model.entry import new_id, now_ms
from ainalym.web.book import the_book
from ainalym.web.people.access import note, only
from ainalym.web.people.models import Role
from ainalym.web.programme.held import post


@require_POST
@only(Role.DEPARTMENT)
def accept(request: HttpRequest) -> HttpResponse:
    """Record that the clock of the site was looked at and is right."""
    deed = Clock(id=new_id(), site="*", event_ms=now_ms(), actor=request.user.name)
    post(the_book(), [deed])
    note(request, "clock", "")
    return redirect("department:home")
