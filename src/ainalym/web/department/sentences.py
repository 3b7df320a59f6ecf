"""What is wrong with a plan or a close, in words that are translated."""

from django.utils.translation import gettext_lazy as _

SENTENCES = (
    (
        r"^(?P<file>\S+): has no column (?P<column>\w+)",
        _("%(file)s has no column %(column)s. Give tables/flows.csv of a plan's folder."),
    ),
    (
        r"^(?P<file>\S+): has (?P<count>\d+) columns, more than (?P<most>\d+)",
        _(
            "%(file)s has %(count)s columns, more than %(most)s. Give tables/flows.csv of a plan's "
            "folder as it is."
        ),
    ),
    (
        r"^(?P<file>\S+): no row begins at a point",
        _("%(file)s: no row begins at a point of this programme. Take the plan of its city."),
    ),
    (
        r"^(?P<file>\S+): has (?P<count>\d+) more such rows",
        _("%(file)s has %(count)s more such rows. Mend them all."),
    ),
    (
        r"^(?P<file>\S+) row (?P<row>\d+): year: is (?P<value>.+?) \(",
        _("%(file)s, row %(row)s: %(value)s is no year."),
    ),
    (
        r"^(?P<file>\S+) row (?P<row>\d+): mass_t: is (?P<value>.+?) \(",
        _("%(file)s, row %(row)s: %(value)s is no mass. Give tonnes, with a point for decimals."),
    ),
    (
        r"^(?P<file>\S+) row (?P<row>\d+): has not (?P<count>\d+) cells",
        _("%(file)s, row %(row)s: not %(count)s cells. Write decimals with a point."),
    ),
    (
        r"the period cannot be closed: a stock-take counted (?P<counted>\d+) g of "
        r"(?P<material>.+) at (?P<site>.+), (?P<at>\S+), and (?P<off>[+-]\d+) g told later",
        _(
            "The period cannot be closed: the stock-take at %(site)s, %(at)s, counted "
            "%(counted)s g of %(material)s, and %(off)s g told later happened before it. Count "
            "%(material)s again."
        ),
    ),
    (
        r"the period cannot be closed: a stock-take counted (?P<counted>\d+) pieces of "
        r"(?P<material>.+) at (?P<site>.+), (?P<at>\S+), and (?P<off>[+-]\d+) pieces told later",
        _(
            "The period cannot be closed: the stock-take at %(site)s, %(at)s, counted pieces of "
            "%(material)s: %(counted)s, and %(off)s of them told later moved before it. Count the "
            "pieces of %(material)s again."
        ),
    ),
    (
        r"the period cannot be closed: a part of it is closed",
        _("A part of this month is closed already."),
    ),
    (r"the period cannot be closed:$", _("The period cannot be closed:")),
    (
        r"^(?P<what>.+): the period has (?P<days>\d+) days; a mass balance closes",
        _(
            "%(what)s: the period has %(days)s days, and a mass balance is closed within three "
            "months."
        ),
    ),
    (
        r"^(?P<what>.+): (?P<over>\d+) g more were claimed than were recycled",
        _("%(what)s: %(over)s g more were claimed than were recycled."),
    ),
    (
        r"^(?P<what>.+): a stock-take was (?P<off>[\d.]+%) off the book",
        _("%(what)s: a stock-take was %(off)s off the book, and at most 0.50%% is allowed."),
    ),
)
