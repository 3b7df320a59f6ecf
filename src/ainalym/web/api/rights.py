"""Rights of programs: those of the person whose token they carry, and no more."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from ainalym.model.deed import Arrival, Deed
from ainalym.model.entry import Lot
from ainalym.web.people.access import duties
from ainalym.web.people.models import Person, Role
from ainalym.web.programme.models import Site
from ainalym.web.refusals import Refusal

MAY_TELL = {
    Role.KEEPER: {"ticket", "dispatch", "count", "payment", "reversal"},
    Role.LEADER: {"arrival", "change", "sale", "dispatch", "count", "payment", "reversal"},
    Role.BUYER: {"arrival", "change", "sale", "dispatch", "count", "payment", "reversal"},
    Role.DEPARTMENT: {"rule", "close", "count", "payment"},
    Role.AUDITOR: set(),
}
"""Which kinds of deeds each role tells; all but the department's only at their own sites."""

EVERYWHERE = (Role.AUDITOR, Role.DEPARTMENT)
"""Roles that see every site."""

ALL = "*"
"""What a deed names that concerns all sites."""

FOR_ALL = ("rule", "close")
"""Kinds of deeds that may concern all sites at once."""


class Rights:
    """What one person may see and tell.

    Parameters
    ----------
    person
        Who is signed in.
    """

    def __init__(self, person: Person) -> None:
        held = [(Role(duty.role), duty.site_id) for duty in duties(person)]
        self.name = person.name
        self.sees_all = any(role in EVERYWHERE for role, _site in held)
        self.sites = {site for _role, site in held if site}
        self._tells: dict[str, set[str]] = {}
        for role, site in held:
            where = ALL if role in EVERYWHERE else site or ""
            self._tells.setdefault(where, set()).update(MAY_TELL[role])

    def see(self, site: str) -> str:
        """Give a site back that this person sees; with none named, all of them, or their only one.

        Raises
        ------
        Refusal
            There is no such site for them, or they have to name one.
        """
        if not site:
            if self.sees_all:
                return ""
            if len(self.sites) == 1:
                return next(iter(self.sites))
            raise Refusal(422, _("Say which site: give its id in “site”."))
        if site in self.sites or (self.sees_all and Site.objects.filter(pk=site).exists()):
            return site
        raise no_site(site)

    def sees(self, site: str) -> bool:
        """Tell whether this person sees a site."""
        return self.sees_all or site in self.sites

    def see_all(self) -> None:
        """Let on only who sees every site.

        Raises
        ------
        Refusal
            This person does not.
        """
        if not self.sees_all:
            raise Refusal(403, _("This is for the department and for auditors."))

    def see_lot(self, lot: Lot) -> Lot:
        """Give a lot back that lies at a site of this person, or is under way from or to one.

        Raises
        ------
        Refusal
            There is no such lot for them.
        """
        if self.sees_all or {lot.account.site, lot.account.to} & self.sites:
            return lot
        raise Refusal(404, _("There is no lot %(lot)s here for you.") % {"lot": lot.id})

    def tell(self, deeds: Iterable[Deed]) -> None:
        """Let on deeds that this person may tell.

        Raises
        ------
        Refusal
            A site is not theirs, or a kind of deed is not theirs to tell there.
        """
        for deed in deeds:
            everywhere, here = self._tells.get(ALL, set()), self._tells.get(deed.site, set())
            if deed.site not in self.sites and not everywhere:
                raise no_site(deed.site)
            if deed.kind not in everywhere | here:
                said = _("A %(kind)s at %(site)s is not yours to tell.")
                raise Refusal(403, said % {"kind": deed.kind, "site": deed.site})
            is_place = deed.site != ALL or deed.kind not in FOR_ALL
            if everywhere and is_place and not Site.objects.filter(pk=deed.site).exists():
                raise no_site(deed.site)

    def takes_in(self, deed: Arrival, lot: Lot) -> None:
        """Let on a load that is under way to where it is weighed in.

        Raises
        ------
        Refusal
            It is under way to somebody else, or not at all.
        """
        if lot.account.to != deed.site:
            said = _("No lot %(lot)s is under way to %(site)s.")
            raise Refusal(404, said % {"lot": lot.id, "site": deed.site})


def no_site(site: str) -> Refusal:
    """Say that a site is not there; nobody learns whether it is there for others."""
    return Refusal(404, _("There is no site “%(site)s” here for you.") % {"site": site[:60]})
