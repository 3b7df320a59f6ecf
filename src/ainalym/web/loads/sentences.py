"""What the book says against loads and lots, in words that are translated."""

from django.utils.translation import gettext_lazy as _

SENTENCES = (
    (
        r"lot (?P<lot>\d+) is not under way",
        _("Lot %(lot)s is weighed in already, or was taken back. Look at what is expected."),
    ),
    (
        r"lot (?P<lot>\d+) has \d+ (?:g|pieces) left",
        _("Lot %(lot)s has less left than was asked for. Look at the stock."),
    ),
    (
        r"lot (?P<lot>\d+) is .+, not in stock",
        _("Lot %(lot)s does not lie here any more. Look at the stock."),
    ),
    (
        r"holds \d+ g of (?P<material>.+), not",
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
            "The department answers that on its first page."
        ),
    ),
    (
        r"lot (?P<lot>\d+) is under way to (?P<to>.+), not to (?P<site>.+); give a reason",
        _("Lot %(lot)s is under way to %(to)s, not to %(site)s. Give a reason if it stays here."),
    ),
    (
        r"lot (?P<lot>\d+) was sent with (?P<sent>\d+) g and weighs (?P<got>\d+) g",
        _(
            "Lot %(lot)s was sent with %(sent)s g and weighs %(got)s g. Weigh it again, or give "
            "a reason."
        ),
    ),
    (
        r"process '(?P<process>.+)' has no recipe",
        _("The process “%(process)s” had no recipe at that moment. Tell the department."),
    ),
    (
        r"took (?P<took>\d+) g and gave (?P<gave>\d+) g",
        _("More came out than went in: %(took)s g in, %(gave)s g out. Weigh again."),
    ),
    (
        r"^(?P<process>.+) takes no (?P<what>.+); it takes (?P<known>.+)",
        _("The process “%(process)s” takes no %(what)s. It takes: %(known)s."),
    ),
    (
        r"^(?P<process>.+?): (?P<what>\S+) (?P<got>\d+) g where the recipe says (?P<due>\d+) g",
        _(
            "%(process)s gave %(got)s g of %(what)s, and its recipe says %(due)s g. Weigh "
            "again, or give a reason."
        ),
    ),
    (
        r"pieces of (?P<product>.+) leave .+, and nothing of their weight",
        _("Pieces of “%(product)s” leave, and nothing of their weight. Say its grams too."),
    ),
    (
        r"holds \d+ pieces of (?P<material>.+), not",
        _("There are not so many pieces of it by the book: %(material)s. Look at the stock."),
    ),
    (
        r"is (?P<amount>-?\d+); check the price",
        _("The sum of %(amount)s is larger than the book can hold. Check the price."),
    ),
    (
        r"^account .+: \w+ is (?P<name>.+) \(use letters",
        _(
            "%(name)s cannot stand in the book. Use letters, digits, dots, dashes and single "
            "spaces."
        ),
    ),
    (
        r"the database refused: (?P<said>.+)",
        _("The database refused this, so nothing was recorded (%(said)s). Tell who runs the site."),
    ),
)
