"""What the book says against loads and lots, in words that are translated."""

from django.utils.translation import gettext_lazy as _

SENTENCES = (
    (
        r"lot (?P<lot>\d+) is not under way",
        _("Lot %(lot)s is weighed in already, or was taken back. Look at what is expected."),
    ),
    (
        r"lot (?P<lot>\d+) has \d+ g left",
        _("Lot %(lot)s has less left than was asked for. Look at the stock."),
    ),
    (
        r"lot (?P<lot>\d+) is \S+, not in stock",
        _("Lot %(lot)s does not lie here any more. Look at the stock."),
    ),
    (
        r"holds \d+ g of (?P<material>\S+), not \d+ g",
        _("There is not so much of it by the book: %(material)s. Look at the stock."),
    ),
    (
        r"was made after the moment told",
        _("Something of it came in only after this was told. Send it again."),
    ),
    (r"there is no lot", _("There is no such lot at this site.")),
    (
        r"clock says .*(behind|apart)",
        _("The clock of the site is wrong, so nothing is recorded. Tell who runs the site."),
    ),
    (
        r"nothing was recorded for",
        _(
            "Nothing was recorded for days, so the clock of the site has to be looked at first. "
            "Tell who runs the site."
        ),
    ),
)
