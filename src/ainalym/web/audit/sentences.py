"""What the book says against itself, in words that are translated."""

from django.utils.translation import gettext_lazy as _

SENTENCES = (
    (
        r"entry (?P<entry>\d+) was changed",
        _("Entry %(entry)s was changed after it was written. Verify the book."),
    ),
)
