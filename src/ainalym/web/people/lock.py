"""Against guessing passwords: after a few wrong ones a name is locked for a while."""

from django.http import HttpRequest

from ainalym.model.entry import now_ms
from ainalym.web.people.models import Trail

A_WHILE_MS = 15 * 60 * 1000
WRONG_HERE = 5
"""So many wrong passwords for one name from one address lock it there."""

WRONG_ANYWHERE = 25
"""So many from anywhere lock it everywhere; more, so that a stranger cannot lock a keeper out with
five tries."""


def locked(request: HttpRequest, name: str) -> bool:
    """Tell whether a name may not try now.

    Names that do not exist are locked like others, so that nobody learns which do.
    """
    since = now_ms() - A_WHILE_MS
    address = request.META.get("REMOTE_ADDR", "")
    recent = Trail.objects.filter(name=name[:60], at_ms__gt=since, act__in=("refused", "came in"))
    wrong = here = 0
    for act, came_from in recent.values_list("act", "address")[:200]:
        if act == "came in" and came_from == address:
            break
        wrong += act == "refused"
        here += act == "refused" and came_from == address
    return here >= WRONG_HERE or wrong >= WRONG_ANYWHERE
