"""What a deed is refused for before the book is asked, in words that are translated."""

from django.utils.translation import gettext_lazy as _

SENTENCES = (
    (
        r"^materials: (?P<names>.+) and (?P<more>\d+) more: not of this programme",
        _(
            "The programme has no such materials: %(names)s and %(more)s more. Use the names of "
            "its materials, and of what its processes make."
        ),
    ),
    (
        r"^materials: (?P<names>.+): not of this programme",
        _(
            "The programme has no such material: %(names)s. Use the names of its materials, and of "
            "what its processes make."
        ),
    ),
    (
        r"^destinations: (?P<names>.+) and (?P<more>\d+) more: not of this programme",
        _(
            "The programme has no such sites to send to: %(names)s and %(more)s more. Give the ids "
            "of its sites."
        ),
    ),
    (
        r"^destinations: (?P<names>.+): not of this programme",
        _("The programme has no such site to send to: %(names)s. Give the id of one of its sites."),
    ),
    (
        r"^(?P<deed>\w+ \S+): names (?P<count>\d+) materials, lots and bales, "
        r"more than (?P<most>\d+)",
        _(
            "%(deed)s names %(count)s materials, lots and bales, more than %(most)s. Tell it in "
            "several deeds."
        ),
    ),
    (
        r"^(?P<deed>\w+ \S+): (?P<name>.+): is (?P<amount>\d+) g or pieces, "
        r"more than (?P<most>\d+)",
        _(
            "%(deed)s: %(amount)s g or pieces of %(name)s are more than %(most)s. Weigh or count "
            "again."
        ),
    ),
    (
        r"^(?P<deed>\w+ \S+): money: comes to (?P<amount>\d+) minor units, "
        r"more than (?P<most>\d+)",
        _(
            "%(deed)s: %(amount)s minor units are more than %(most)s. Check the amounts, or tell "
            "it in several deeds."
        ),
    ),
    (
        r"^(?P<deed>\w+ \S+): currency: is (?P<told>.+), not that of the programme "
        r"\(give (?P<due>\w+)",
        _(
            "%(deed)s: the programme does not count in %(told)s. Tell its money in %(due)s, or "
            "leave the currency out."
        ),
    ),
    (
        r"^changes: have (?P<pairs>\d+) pairs of what goes in and what comes out, "
        r"more than (?P<most>\d+)",
        _(
            "The runs have %(pairs)s pairs of what goes in and what comes out, more than %(most)s. "
            "Send them in several requests."
        ),
    ),
)
