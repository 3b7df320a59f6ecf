"""What the department has to have counted again."""

from django import template

from ainalym.web.book import the_book
from ainalym.web.department.recounts import recounts

register = template.Library()

MOST = 20
"""Stock-takes that a page lists."""


@register.inclusion_tag("department/recounts.html")
def overtaken_anywhere() -> dict[str, object]:
    """Show which stock-takes have to be taken again, at all sites."""
    listed, more = recounts(the_book(), MOST)
    return {"recounts": listed, "more": more}
