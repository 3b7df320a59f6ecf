"""Reasons that a deed may carry: words the book keeps short, and says in every language."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy

OTHER = "other"
"""The reason that goes on in the user's own words."""

WEIGHT = {
    "dried": gettext_lazy("It has dried, or got wet, on the way"),
    "spilled": gettext_lazy("Something was spilled on the way"),
    "missing": gettext_lazy("Something is missing"),
    "scale": gettext_lazy("The other scale weighs differently"),
    "mixed": gettext_lazy("Materials were loaded together"),
    OTHER: gettext_lazy("Another reason"),
}
"""Why a load may weigh differently than it was sent."""

GRADE = {
    "impure": gettext_lazy("It is not as clean as this grade has to be"),
    "soaked": gettext_lazy("It is too wet"),
    "foreign": gettext_lazy("There is another material in it"),
    "damaged": gettext_lazy("The bales are broken"),
    OTHER: gettext_lazy("Another reason"),
}
"""Why a plant may refuse a load, or take it as a lower grade."""


def reason_in_words(said: str, known: Mapping[str, object]) -> str:
    """Say a reason of a deed in the user's language, or as somebody wrote it."""
    code, _colon, words = said.partition(": ")
    return words if code == OTHER else str(known.get(code, said))
