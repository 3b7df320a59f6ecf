"""What the book says against what programs tell, in words that are translated."""

from django.utils.translation import gettext_lazy as _

SENTENCES = (
    (
        r"the name (?P<name>\S+) stands for entry (?P<seq>\d+) already",
        _("The name “%(name)s” stands for entry %(seq)s already. Give another event another name."),
    ),
    (
        r"^(?P<where>eventList\[\d+\]) destinationList: has 0 entries of type location",
        _(
            "%(where)s: the destinationList has no entry of type “location”. Name with one to "
            "which site the load goes; parties may stand beside it."
        ),
    ),
    (
        r"^(?P<where>eventList\[\d+\]) destinationList: "
        r"has (?P<count>\d+) entries of type location",
        _(
            "%(where)s: the destinationList has %(count)s entries of type “location”, and a load "
            "goes to one site. Send one event for each."
        ),
    ),
    (
        r"^(?P<where>eventList\[\d+\]) (?:site|destinationList): is empty",
        _("%(where)s: a place has no id. Name the site, as in https://book.example/site/st-08."),
    ),
    (
        r"^(?P<where>eventList\[\d+\]) (?:site|destinationList): (?P<name>.+) names no site",
        _(
            "%(where)s: %(name)s names no site. End the name with the site's id, as in "
            "https://book.example/site/st-08."
        ),
    ),
    (
        r"^(?P<where>eventList\[\d+\]) bizStep: type (?P<kind>.+) with bizStep (?P<step>.+) "
        r"is not taken \(send one of (?P<known>[\w, ]+)",
        _("%(where)s: %(kind)s of step %(step)s is not held here. The steps are %(known)s."),
    ),
)
