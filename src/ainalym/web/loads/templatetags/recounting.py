"""What a site is asked to count again."""

from django import template

from ainalym.ledger import overtaken
from ainalym.web.book import the_book
from ainalym.web.loads.recounting import sentences

register = template.Library()


@register.inclusion_tag("loads/recounting.html")
def overtaken_at(site: str) -> dict[str, object]:
    """Show which stock-takes of a site have to be taken again; nothing where all of them hold."""
    return {"sentences": sentences(overtaken(the_book(), site=site))}
