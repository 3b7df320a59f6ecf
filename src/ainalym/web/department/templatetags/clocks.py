"""What a page of the department says of a clock that is not believed."""

from django import template

from ainalym.ledger import clocks
from ainalym.model.entry import moment
from ainalym.web.book import the_book

register = template.Library()


@register.inclusion_tag("department/clock.html", takes_context=True)
def clock_to_accept(context: template.Context) -> dict[str, object]:
    """Ask whether the clock is right, where the book does not believe it.

    Where the database server's clock says otherwise nobody is asked, since no answer would help.
    """
    seen = clocks(the_book())
    return {
        "asked": bool(seen.fault) and not seen.apart,
        "server": moment(seen.server_ms) if seen.apart else None,
        "now": moment(seen.computer_ms),
        "last": moment(seen.last_ms) if seen.last_ms else None,
        "csrf_token": context.get("csrf_token"),
    }
