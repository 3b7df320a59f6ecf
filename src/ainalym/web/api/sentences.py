"""What the book says against what programs tell, in words that are translated."""

from django.utils.translation import gettext_lazy as _

SENTENCES = (
    (
        r"the name (?P<name>\S+) stands for entry (?P<seq>\d+) already",
        _("The name “%(name)s” stands for entry %(seq)s already. Give another event another name."),
    ),
)
