"""A form as somebody filled it in: read field by field, with every fault kept beside what it says.

Nothing that was typed is lost: a page that is shown again shows `sent`.
"""

from collections.abc import Collection, Mapping

from django.http import QueryDict
from django.utils.translation import gettext as _

from ainalym.errors import AinalymError
from ainalym.model.deed import UUID7
from ainalym.web.loads.reasons import OTHER
from ainalym.web.loads.weights import KILOGRAMS, TENGE, read_decimal, read_whole
from ainalym.web.refusals import Refusal, in_words, status_of


class Filled:
    """What was sent, and what is wrong with it.

    Parameters
    ----------
    sent
        The form's fields.

    Attributes
    ----------
    faults
        Sentences in the user's language.
    wrong
        Names of the fields they speak of.
    status
        Of HTTP, for the page that shows them.
    """

    def __init__(self, sent: QueryDict) -> None:
        self.sent = sent
        self.faults: list[str] = []
        self.wrong: set[str] = set()
        self.status = 422

    @property
    def id(self) -> str:
        """The name under which the form tells its deed, made with the page.

        Raises
        ------
        Refusal
            It is none of ours.
        """
        name = self.sent.get("id", "")
        if not UUID7.fullmatch(name):
            raise Refusal(400)
        return name

    def fault(self, sentence: str, *names: str) -> None:
        """Keep a fault, and the fields it speaks of."""
        self.faults.append(sentence)
        self.wrong.update(names)

    def said(self, error: AinalymError) -> None:
        """Keep what the book says against it."""
        self.faults += in_words(error)
        self.status = status_of(error)

    def text(self, name: str, what: str, *, longest: int, needed: str = "") -> str:
        """Read a short text; `needed` is the sentence for when it is empty."""
        text = self.sent.get(name, "").strip()
        if len(text) > longest or not text.isprintable():
            said = _("%(what)s: this is too long, or holds signs that cannot be printed.")
            self.fault(said % {"what": what}, name)
            return ""
        if needed and not text:
            self.fault(needed, name)
        return text

    def grams(self, name: str, what: str, *, needed: bool = False) -> int:
        """Read kilograms into grams; 0 where nothing, or nothing sound, was typed."""
        return self._read(self.sent.get(name, ""), name, KILOGRAMS, what, needed)

    def each_grams(self, name: str, what: str) -> list[int]:
        """Read all fields of one name into grams; empty ones are left out."""
        texts = self.sent.getlist(name)
        return [self._read(text, name, KILOGRAMS, what, True) for text in texts if text.strip()]

    def pieces(self, name: str, what: str) -> int:
        """Read a number of pieces; 0 where nothing, or nothing sound, was typed."""
        try:
            return read_whole(self.sent.get(name, ""), what)
        except Refusal as refusal:
            self.fault(refusal.sentences[0], name)
            return 0

    def money_minor(self, name: str, what: str, *, needed: bool = False) -> int:
        """Read tenge into tiyn."""
        return self._read(self.sent.get(name, ""), name, TENGE, what, needed)

    def chosen(self, name: str, among: Collection[str], needed: str) -> str:
        """Read a choice; `needed` is the sentence for when it is none of those."""
        choice = self.sent.get(name, "")
        if choice in among:
            return choice
        self.fault(needed, name)
        return ""

    def reason(self, known: Mapping[str, object], name: str = "reason") -> str:
        """Read a reason: a word we know, or somebody's own words; empty where none was given."""
        code = self.sent.get(name, "")
        words = self.text(f"{name}-words", _("In your own words"), longest=200)
        if code == OTHER or (words and not code):
            if not words:
                self.fault(_("Say the reason in your own words."), f"{name}-words")
            return f"{OTHER}: {words}" if words else ""
        return code if code in known else ""

    def _read(self, text: str, name: str, places: int, what: str, needed: bool) -> int:
        try:
            amount = read_decimal(text, places, what)
        except Refusal as refusal:
            self.fault(refusal.sentences[0], name)
            return 0
        if needed and not text.strip():
            self.fault(_("%(what)s: nothing is typed.") % {"what": what}, name)
        elif needed and not amount:
            self.fault(_("%(what)s: 0 is no weight.") % {"what": what}, name)
        return amount
