"""What the book says against a ticket, in words that are translated."""

from django.utils.translation import gettext_lazy as _

SENTENCES = (
    (
        r"with another body",
        _("Under this name the book has something else. Weigh again: it gets a new name."),
    ),
    (
        r"entry_slip|entry\.series",
        _("A slip with this number is in the book already. Number it anew."),
    ),
    (r"lies in a closed period", _("The books of that day are closed. Tell the department.")),
    (r"is reversed already", _("This is taken back already.")),
    (
        r"lot (?P<lot>\d+) of entry \S+ is in use",
        _("This cannot be taken back: a part of it has gone on (lot %(lot)s)."),
    ),
    (r"minutes in the future", _("The clock is ahead. Set it, then try again.")),
    (r"there is no entry", _("There is no such entry in the book of this site.")),
)
