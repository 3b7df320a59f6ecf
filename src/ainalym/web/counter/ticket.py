"""A ticket as a phone tells it: held to everything that can be known before the book is asked."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ainalym.ledger import Book, periods, rules
from ainalym.model.deed import HALF_KG_G, ROUNDING_MINOR, UUID7, Ticket
from ainalym.model.entry import Source, now_ms
from ainalym.units import MINOR_PER_MAJOR
from ainalym.web.counter.models import Series
from ainalym.web.counter.weights import say_kg, say_money
from ainalym.web.days import local
from ainalym.web.programme.models import Material, PriceList, Scale, Site, price_list_of
from ainalym.web.refusals import Refusal

MOST_BYTES = 16_384
"""Longer than any ticket."""

AHEAD_MS = 15 * 60 * 1000
"""How far ahead of ours a phone's clock may be; the book allows as much."""

BEHIND_MS = 45 * 24 * 3600 * 1000
"""How long a phone may have been without a network; older tells of a clock that was reset."""

A_DAY_MS = 24 * 3600 * 1000
A_WEEK_DAYS = 7

USUAL_G = 100_000
"""More than so much in one weighing has to be confirmed: it may be grams taken for kilograms."""

SMALL_G = 20
"""Less than so much too: it may be kilograms taken for tonnes, or an empty scale."""

REASONS = {
    "bulk": gettext_lazy("A large load"),
    "clean": gettext_lazy("Cleaner than the grade"),
    "dirty": gettext_lazy("Dirtier than the grade"),
    "market": gettext_lazy("The market price has changed"),
    "other": gettext_lazy("Another reason"),
}
"""Why a keeper may pay another price than the list says; `other` goes on in the keeper's words."""

NUMBERS = ("gross_g", "tare_g", "deduction_g", "price_minor_per_kg", "paid_minor", "event_ms")
TEXTS = {"id": 36, "keeper": 60, "material": 60, "scale": 60, "series": 60, "reason": 200}
TEXTS |= {"seller": 120, "source": 20, "price_list": 20}


@dataclass(frozen=True, slots=True)
class Counter:
    """What a counter may do at a moment: for checks on the phone and on the server alike."""

    site: Site
    materials: dict[str, Material]
    price_list: PriceList | None
    paid_minor_per_kg: dict[str, int]
    scales: list[Scale]
    verified_until_ms: dict[str, int]


def counter_of(book: Book, site: Site, at_ms: int, named: str = "") -> Counter:
    """Look up what a counter buys, at which prices, and on which scales.

    Parameters
    ----------
    at_ms
        When.
    named
        The price list a phone had then. It holds for a week after the next one came out, for
        phones without a network.
    """
    price_list = price_list_of(site, at_ms)
    for days_ago in range(1, A_WEEK_DAYS + 1) if named not in ("", str(price_list)) else ():
        earlier = price_list_of(site, at_ms - days_ago * A_DAY_MS)
        if str(earlier) == named:
            price_list = earlier
            break
    paid = price_list.paid if price_list else {}
    known = rules(book, "scale")
    scales = [*site.scales.order_by("id")]
    return Counter(
        site=site,
        materials={one.id: one for one in Material.objects.filter(id__in=paid)},
        price_list=price_list,
        paid_minor_per_kg=paid,
        scales=scales,
        verified_until_ms={
            one.id: known.get(one.id, {}).get("verified_until_ms", 0) for one in scales
        },
    )


def read_json(body: bytes) -> dict[str, object]:
    """Read what a phone sends.

    Raises
    ------
    Refusal
        It is too long, no JSON, or no object.
    """
    if len(body) > MOST_BYTES:
        raise Refusal(413)
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise Refusal(400)
    return told


def checked_texts(told: Mapping[str, object], most: Mapping[str, int]) -> dict[str, str]:
    """Take the texts out of what was sent; they are short and can be printed.

    Raises
    ------
    Refusal
        One is no text, too long, or holds characters that nobody can type.
    """
    texts, faults = {}, []
    for name, longest in most.items():
        text = told.get(name, "")
        if not isinstance(text, str) or len(text) > longest or not text.isprintable():
            faults.append(_("“%(name)s” is no text, or too long.") % {"name": name})
        else:
            texts[name] = text.strip()
    if faults:
        raise Refusal(422, *faults)
    return texts


def read_fields(told: Mapping[str, object], keeper: str) -> dict[str, object]:
    """Take a ticket's fields out of what was sent, each of its kind; what they say is not judged.

    Parameters
    ----------
    told
        The fields of a `Ticket` but for site and actor; `keeper` who weighed; `sure` where an
        unusual weight was confirmed.
    keeper
        Who is signed in.

    Raises
    ------
    Refusal
        A field is not of its kind, or somebody else weighed this.
    """
    texts = checked_texts(told, TEXTS)
    numbers = {name: told.get(name, 0) for name in NUMBERS}
    whole = all(type(value) is int and abs(value) < 1 << 53 for value in numbers.values())
    number, device_ms = told.get("number"), told.get("device_ms")
    if not whole or type(number) is not int or not 0 < number < 1 << 31:
        raise Refusal(422, _("Weights and amounts have to be whole grams and whole tiyn."))
    if not UUID7.fullmatch(texts["id"]):
        raise Refusal(422, _("The ticket has no valid name of its own. Open the page anew."))
    if texts["keeper"] != keeper:
        said = _("This ticket was weighed by %(keeper)s, who has to sign in to send it.")
        raise Refusal(403, said % {"keeper": texts["keeper"]}, code="keeper")
    flags = {name: told.get(name) is True for name in ("consent", "sure")}
    known = type(device_ms) is int and 0 < device_ms < 1 << 46
    return texts | numbers | flags | {"number": number, "device_ms": device_ms if known else None}


def ticket_of(fields: Mapping[str, object], site: Site) -> Ticket:
    """Make a ticket of its fields; the same fields make the same ticket, whenever they come."""
    same = ("id", "event_ms", "device_ms", "reason", "material", "gross_g", "tare_g")
    same += ("deduction_g", "price_minor_per_kg", "paid_minor", "scale", "consent", "series")
    return Ticket(
        site=site.id,
        actor=fields["keeper"],
        source=fields["source"] or Source.PEOPLE.value,
        number=fields["number"],
        price_list=fields["price_list"],
        **{name: fields[name] for name in same},
    )


def check(fields: Mapping[str, object], counter: Counter) -> None:
    """Hold a new ticket to what is known at its counter.

    Raises
    ------
    Refusal
        With every fault that was found.
    """
    if faults := [*_faults(fields, counter)]:
        raise Refusal(422, *faults)


def _faults(fields: Mapping, counter: Counter) -> Iterator[str]:
    yield from _faults_of_time(fields["event_ms"])
    yield from _faults_of_weight(fields)
    yield from _faults_of_scale(fields["scale"], fields, counter)
    yield from _faults_of_price(fields, counter)
    if fields["seller"] and not fields["consent"]:
        yield _("A seller's name is kept only if the seller agrees. Remove it, or ask.")
    if fields["source"] not in ("", Source.PEOPLE.value, Source.BUSINESS.value):
        yield _("A counter buys from people and from businesses only.")
    series = fields["series"]
    if series and not Series.objects.filter(name=series, site=counter.site).exists():
        yield _("The slip's series does not belong to this counter.")


def _faults_of_time(event_ms: int) -> Iterator[str]:
    ahead_ms = event_ms - now_ms()
    if ahead_ms > AHEAD_MS:
        said = _("The phone's clock is %(minutes)s minutes ahead. Set it, then weigh again.")
        yield said % {"minutes": ahead_ms // 60_000}
    elif ahead_ms < -BEHIND_MS:
        said = _("By the phone's clock this was on %(day)s. Set the clock, then weigh again.")
        yield said % {"day": day_of(event_ms)}


def _faults_of_weight(fields: Mapping) -> Iterator[str]:
    gross_g, tare_g, off_g = (fields[name] for name in ("gross_g", "tare_g", "deduction_g"))
    net_g = gross_g - tare_g - off_g
    if min(gross_g, tare_g, off_g) < 0:
        yield _("A weight is below zero. Set the scale to zero and weigh again.")
    elif tare_g >= gross_g:
        said = _("The empty vessel weighs %(tare)s kg, and the scale shows %(gross)s kg with it.")
        yield said % {"tare": say_kg(tare_g), "gross": say_kg(gross_g)}
    elif net_g <= 0:
        yield _("What is taken off leaves nothing to pay for.")
    elif not SMALL_G <= net_g <= USUAL_G and not fields["sure"]:
        said = _("Is it really %(net)s kg? Weights are in kilograms, not in grams.")
        yield said % {"net": say_kg(net_g)}


def _faults_of_scale(name: str, fields: Mapping, counter: Counter) -> Iterator[str]:
    scale = next((one for one in counter.scales if one.id == name), None)
    if scale is None:
        yield _("This scale does not belong to this counter.")
        return
    until_ms = counter.verified_until_ms[name]
    if fields["event_ms"] >= until_ms:
        said = _("The verification of scale %(scale)s ended on %(day)s. Weigh on another scale.")
        yield said % {"scale": name, "day": day_of(until_ms)}
    if fields["gross_g"] > scale.most_g:
        said = _("%(gross)s kg is more than scale %(scale)s can weigh (%(most)s kg). Grams?")
        gross, most = say_kg(fields["gross_g"]), say_kg(scale.most_g)
        yield said % {"gross": gross, "scale": name, "most": most}


def _faults_of_price(fields: Mapping, counter: Counter) -> Iterator[str]:
    listed = counter.paid_minor_per_kg.get(fields["material"])
    price, paid = fields["price_minor_per_kg"], fields["paid_minor"]
    if listed is None:
        yield _("This counter does not buy “%(material)s”.") % {"material": fields["material"]}
        return
    if price < 0 or paid < 0:
        yield _("A price cannot be below zero.")
        return
    reason, _colon, words = fields["reason"].partition(": ")
    if reason and (reason not in REASONS or (reason == "other" and not words)):
        yield _("Say why the price is another one.")
    elif price != listed and not reason:
        said = _("The list says %(listed)s for a kilogram, not %(price)s. Give a reason.")
        yield said % {"listed": say_money(listed), "price": say_money(price)}
    net_g = fields["gross_g"] - fields["tare_g"] - fields["deduction_g"]
    due = (net_g * price + HALF_KG_G) // 1000
    if net_g > 0 and abs(paid - due) >= ROUNDING_MINOR:
        said = _("Weight times price is %(due)s, but %(paid)s was paid.")
        yield said % {"due": say_money(due), "paid": say_money(paid)}


def paid_for(net_g: int, price_minor_per_kg: int) -> int:
    """Say what is paid: weight times price, in whole tenge."""
    due = (net_g * price_minor_per_kg + HALF_KG_G) // 1000
    return (due + MINOR_PER_MAJOR // 2) // MINOR_PER_MAJOR * MINOR_PER_MAJOR


def refuse_closed(book: Book, ticket: Ticket) -> None:
    """Refuse a ticket of a closed period, in words.

    Raises
    ------
    Refusal
        The month is closed at this site.
    """
    for period in periods(book):
        here = period.site in (ticket.site, "*")
        if here and period.from_ms <= ticket.event_ms < period.to_ms:
            said = _("The books of %(day)s are closed. Tell the department what was weighed then.")
            raise Refusal(409, said % {"day": day_of(ticket.event_ms)}, code="closed")


def day_of(at_ms: int) -> str:
    """Write the day of a moment as people here do."""
    return date_format(local(at_ms), "SHORT_DATE_FORMAT")
