"""What the book says against itself, in words that are translated."""

from django.utils.translation import gettext_lazy as _

SENTENCES = (
    (
        r"entry (?P<entry>\d+) was changed",
        _("Entry %(entry)s was changed after it was written. Verify the book."),
    ),
    (
        r"a share is claimed for no named lot",
        _("A recycled share is claimed for no lot. Name the lots that it is claimed for."),
    ),
    (
        r"(?P<share>[\d.]+%) recycled is claimed for lot (?P<lot>\d+); that is (?P<over>\d+) g "
        r"more",
        _(
            "Claimed for lot %(lot)s: %(share)s recycled. That is %(over)s g more than are left "
            "to claim."
        ),
    ),
    (
        r"(?P<share>[\d.]+%) recycled is claimed for lot (?P<lot>\d+); the book says",
        _(
            "Claimed for lot %(lot)s: %(share)s recycled. The book does not bear that out; look "
            "at the lot."
        ),
    ),
    (r"a rule cannot be reversed", _("A rule is not taken back. Tell a later rule.")),
    (r"a close cannot be reversed", _("A closed period stays closed.")),
    (r"a \w+ cannot be reversed", _("This entry cannot be taken back. Tell anew what happened.")),
    (
        r"happened at (?P<site>.+), at \d+; reverse it there",
        _("The entry is of %(site)s. It is taken back there, and not before it happened."),
    ),
    (
        r"happened at (?P<site>.+); erase it there",
        _("The entry is of %(site)s. Its private part is erased there."),
    ),
    (
        r"what is not written yet cannot be erased",
        _("What is not recorded yet cannot be erased. Record it first."),
    ),
    (
        r"the private part of entry \S+ is erased already",
        _("The private part of this entry is erased already."),
    ),
    (
        r"is of version 1, where the whole entry is hashed",
        _(
            "The entry is of an earlier version of the book, so it has no private part that can "
            "be erased."
        ),
    ),
    (
        r"the book goes by what this",
        _("The book goes by what this entry says, so its private part cannot be erased."),
    ),
    (
        r"a book is taken over once",
        _("A book is brought to a new version once, and not from here."),
    ),
    (
        r"the guards of this book are not whole: (?P<lost>.+); nothing is written",
        _(
            "The guards of the book are not whole, so nothing is recorded (%(lost)s). Tell who "
            "runs the site."
        ),
    ),
)
