"""EPCIS 2.0: entries as events that other programs read, and their events as deeds.

Pure: parsed JSON in and out. A ticket is an ObjectEvent of business step `collecting`, a dispatch
one of `shipping`, an arrival one of `receiving`, a sale one of `retail_selling`, a stock-take one
of `stock_taking`; a change is a TransformationEvent of `commissioning`; a reversal repeats the
event it takes back with an error declaration. Mass is in kilograms (`KGM`) to the gram.

**Source.** GS1 EPCIS 2.0.1 and CBV 2.0.0 (ISO/IEC 19987 and 19988:2024).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from hashlib import sha256

from ainalym.errors import AinalymError, InputError, Issue
from ainalym.ledger.meaning import id_by_meaning, word_of
from ainalym.model.deed import MOST, UUID7, Deed, read_deed
from ainalym.model.entry import Entry, Posting, iso, moment, ms, new_id, offset

CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
OWN = "ainalym"
"""Prefix of the fields the standard has no name for."""

STEPS = {
    "ticket": ("ADD", "collecting", "active"),
    "dispatch": ("OBSERVE", "shipping", "in_transit"),
    "arrival": ("OBSERVE", "receiving", "in_progress"),
    "sale": ("DELETE", "retail_selling", "retail_sold"),
    "count": ("OBSERVE", "stock_taking", "active"),
}
LONGEST = 120
"""Characters of a name that are quoted."""

UUID_NAME = re.compile(r"(?:urn:uuid:)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.I)
"""A name that is a UUID of any version, in capital letters or small ones."""

KINDS = {step: kind for kind, (_, step, _) in STEPS.items()} | {"commissioning": "change"}
EXTRA = {
    "ticket": (
        *("price_minor_per_kg", "paid_minor", "currency", "source", "scale"),
        *("series", "number", "price_list"),
    ),
    "dispatch": ("vehicle",),
    "arrival": ("price_minor_per_kg", "currency", "scale"),
    "change": ("process", "scale"),
    "sale": ("buyer", "price_minor_per_kg", "currency", "claimed_ppm"),
    "count": ("counted",),
}
"""Fields of a deed that travel under our own prefix; who sold is nobody else's business."""


def document(entries: Iterable[Entry], root: str, *, zone: tzinfo | None = None) -> dict:
    """Make an EPCIS document of entries; rules, payments and closes have no event.

    Parameters
    ----------
    entries
        In the order of the chain, those that are reversed before their reversals.
    root
        The address our names stand under, such as `https://book.example`.
    zone
        The places' time zone, whose offset from UTC at each moment is told where an entry was told
        in none of its own; Almaty's if None.
    """
    said = [*events(entries, root, zone=zone)]
    return {
        "@context": [CONTEXT, {OWN: f"{root}/terms/"}],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": max((event["recordTime"] for event in said), default=iso(0)),
        "epcisBody": {"eventList": said},
    }


def events(entries: Iterable[Entry], root: str, *, zone: tzinfo | None = None) -> Iterator[dict]:
    """Yield the event of each entry that has one.

    Parameters
    ----------
    entries, root, zone
        As for `document`.
    """
    seen: dict[int, dict] = {}
    for entry in entries:
        if entry.kind == "reversal" and entry.reverses in seen:
            told = seen[entry.reverses]
            yield told | {
                "recordTime": iso(entry.recorded_ms),
                "errorDeclaration": {
                    "declarationTime": _when(entry),
                    "reason": "incorrect_data",
                    f"{OWN}:id": entry.id,
                    f"{OWN}:reason": entry.body.get("reason", ""),
                },
            }
        elif entry.kind in STEPS or entry.kind == "change":
            event = _event(entry, root, offset(entry.event_ms, zone))
            if entry.reversed_by is not None:
                seen[entry.seq] = event
            yield event


def _event(entry: Entry, root: str, offset: str) -> dict:
    place = {"id": f"{root}/site/{entry.site}"}
    event: dict[str, object] = {
        "type": "TransformationEvent" if entry.kind == "change" else "ObjectEvent",
        "eventID": entry.body.get("alias") or f"urn:uuid:{entry.id}",
        "eventTime": _when(entry),
        "eventTimeZoneOffset": entry.body.get("offset") or offset,
        "recordTime": iso(entry.recorded_ms),
        "readPoint": place,
        "bizLocation": place,
    }
    if entry.kind == "change":
        event |= {"bizStep": "commissioning", "disposition": "active"}
        event["inputQuantityList"] = _quantities(entry, root, taken=True)
        event["outputQuantityList"] = _quantities(entry, root, taken=False)
    else:
        action, step, disposition = STEPS[entry.kind]
        event |= {"action": action, "bizStep": step, "disposition": disposition}
        event["quantityList"] = _quantities(entry, root, taken=entry.kind in ("dispatch", "sale"))
    if entry.kind == "dispatch":
        to = f"{root}/site/{entry.body['to']}"
        event["destinationList"] = [{"type": "location", "destination": to}]
    if entry.kind == "arrival":
        event["quantityList"] = [
            _quantity(root, posting.account.what, int(lot), grams)
            for lot, grams in entry.body["lots"].items()
            for posting in entry.postings
            if posting.lot == int(lot) and posting.account.ledger == "mass"
        ]
    if entry.kind == "count":
        event["quantityList"] = [
            _quantity(root, material, None, grams)
            for material, grams in entry.body.get("counted", {}).items()
        ]
    for name in ("actor", "reason", *EXTRA.get(entry.kind, ())):
        if name in entry.body:
            event[f"{OWN}:{name}"] = entry.body[name]
    return event


def _when(entry: Entry) -> str:
    """Write when an entry happened, in the offset in which it was told."""
    told = entry.body.get("offset")
    if not told:
        return iso(entry.event_ms)
    by = timedelta(hours=int(told[1:3]), minutes=int(told[4:]))
    local = moment(entry.event_ms) + (-by if told[0] == "-" else by)
    return f"{local.replace(tzinfo=None).isoformat(timespec='milliseconds')}{told}"


def _quantities(entry: Entry, root: str, *, taken: bool) -> list[dict]:
    def wanted(posting: Posting) -> bool:
        here = posting.lot is not None and posting.account[:2] == ("mass", "stock")
        return here and (posting.quantity < 0) == taken

    return [
        _quantity(root, p.account.what, p.lot, abs(p.quantity)) for p in entry.postings if wanted(p)
    ]


def _quantity(root: str, material: str, lot: int | None, grams: int) -> dict:
    kind = f"{root}/material/{material}" + (f"/lot/{lot}" if lot else "")
    if not grams:
        # The standard has no quantity of 0; one that is left out is said in our own field.
        return {"epcClass": kind}
    return {
        "epcClass": kind,
        "quantity": grams / 1000 if grams % 1000 else grams // 1000,
        "uom": "KGM",
    }


def count_of_events(told: object) -> int:
    """Tell how many events a document has, before any of them is read; 0 where it is none."""
    body = told.get("epcisBody") if isinstance(told, Mapping) else None
    listed = body.get("eventList") if isinstance(body, Mapping) else None
    return len(listed) if isinstance(listed, list) else 0


def read_document(told: object) -> list[Deed]:
    """Make deeds of an EPCIS document, in its order.

    Taken are ObjectEvents of the steps `collecting`, `shipping`, `receiving`, `retail_selling` and
    `stock_taking`, TransformationEvents, and error declarations. Materials, sites and lots are the
    last parts of their names, as in `https://book.example/material/pet/lot/12`; a load goes to the
    one destination of type `location`. An event without an
    id of ours gets one made of its own name, which it keeps as its alias; without a name, of what
    it says, however that is spelled. So capturing it twice records it once.

    Parameters
    ----------
    told
        Parsed JSON.

    Raises
    ------
    InputError
        Every fault of every event.
    """
    deeds, issues = [], []
    for read in read_each(told):
        if isinstance(read, InputError):
            issues += read.issues
        else:
            deeds.append(read)
    if issues:
        raise InputError(issues)
    return deeds


def read_each(told: object) -> Iterator[Deed | InputError]:
    """Yield the deed of each event of an EPCIS document, or its faults, in its order.

    Parameters
    ----------
    told
        Parsed JSON.

    Raises
    ------
    InputError
        It is no document of this standard; of its events none is read.
    """
    body = told.get("epcisBody") if isinstance(told, Mapping) else None
    listed = body.get("eventList") if isinstance(body, Mapping) else None
    if not isinstance(listed, list) or not isinstance(told, Mapping):
        fault = "there is no epcisBody with an eventList"
        raise InputError([Issue("document", fault, "send an EPCISDocument of EPCIS 2.0")])
    if told.get("type") != "EPCISDocument" or not str(told.get("schemaVersion")).startswith("2."):
        fault = f"type {told.get('type')!r}, schemaVersion {told.get('schemaVersion')!r}"
        raise InputError([Issue("document", fault, "send an EPCISDocument of schemaVersion 2.0")])
    for k, event in enumerate(listed):
        try:
            yield _deed(_mapping(event))
        except InputError as error:
            yield InputError(
                [Issue(f"eventList[{k}] {i.where}".strip(), i.fault, i.mend) for i in error.issues]
            )


def _deed(event: Mapping) -> Deed:
    own = {key.partition(":")[2]: v for key, v in event.items() if key.startswith(f"{OWN}:")}
    event_ms = _moment(event.get("eventTime"), "eventTime")
    place = _mapping(event.get("bizLocation") or event.get("readPoint"))
    alias, deed_id = _named(event.get("eventID"), event_ms)
    shared = {
        "id": deed_id or new_id(event_ms, bytes(10)),
        "site": _last(place.get("id"), "site"),
        "event_ms": event_ms,
        "offset": _offset(event.get("eventTimeZoneOffset"), event.get("eventTime")),
        **{name: own[name] for name in ("actor", "reason") if name in own},
    }
    wrong = event.get("errorDeclaration")
    if not isinstance(wrong, Mapping):
        return _happened(event, own, shared | {"alias": alias}, is_named=bool(deed_id))
    # What declares an event wrong repeats it, and so comes to the same id.
    deed_id = deed_id or _happened(event, own, shared, is_named=False).id
    at = _moment(wrong.get("declarationTime"), "errorDeclaration.declarationTime")
    reason = wrong.get(f"{OWN}:reason") or wrong.get("reason") or ""
    named = wrong.get(f"{OWN}:id") or new_id(at, sha256(deed_id.encode()).digest()[:10])
    offset = _offset(None, wrong.get("declarationTime"))
    said = shared | {"id": named, "event_ms": at, "reason": reason, "offset": offset}
    return read_deed(said | {"kind": "reversal", "reverses": deed_id})


def _happened(event: Mapping, own: Mapping, shared: Mapping, *, is_named: bool) -> Deed:
    """Read the deed of an event; one without a name gets its id by what it says."""
    step = step_of(event.get("bizStep"))
    kind = "change" if event.get("type") == "TransformationEvent" else KINDS.get(step, "")
    if not kind:
        said = f"type {event.get('type')!r} with bizStep {event.get('bizStep')!r} is not taken"
        raise InputError([Issue("bizStep", said, f"send one of {', '.join(KINDS)}")])
    action = STEPS.get(kind, ("", "", ""))[0]
    if kind != "change" and event.get("type") != "ObjectEvent":
        said = f"{event.get('type')!r} with bizStep {event.get('bizStep')!r} is not taken"
        raise InputError([Issue("type", said, "send an ObjectEvent")])
    if action and event.get("action", action) != action:
        said = f"{event.get('action')!r} is not taken with bizStep {event.get('bizStep')!r}"
        raise InputError([Issue("action", said, f"send {action}")])
    extra = {name: own[name] for name in EXTRA[kind] if name in own}
    deed = read_deed({"kind": kind} | shared | _said(kind, event, extra) | extra)
    if is_named:
        return deed
    action, _, disposition = STEPS.get(kind, ("", "", "active"))
    read = {f"{OWN}:{name}" for name in ("actor", "reason", *EXTRA[kind])}
    read |= {"inputQuantityList", "outputQuantityList"} if kind == "change" else {"quantityList"}
    read |= {"destinationList"} if kind == "dispatch" else set()
    if str(_mapping(event.get("readPoint")).get("id")).rpartition("/")[2] == deed.site:
        read |= {"readPoint"}
    usual = {"action": action, "disposition": disposition}
    return replace(deed, id=id_by_meaning(deed, event, read=frozenset(read), usual=usual))


def _named(told: object, event_ms: int) -> tuple[str, str]:
    """Read an event's own name: the alias under which it is kept, and the id made of it.

    The alias is empty where the name is an id of ours, both where there is no name.
    """
    if told is None or told == "":
        return "", ""
    if not isinstance(told, str):
        raise InputError([Issue("eventID", f"is {told!r:.80}", "give a URI, or leave it out")])
    name = told.removeprefix("urn:uuid:")
    if match := UUID_NAME.fullmatch(told):
        name = match[1].lower()
        if UUID7.fullmatch(name):
            return "" if told == f"urn:uuid:{name}" else told, name
    return told, new_id(event_ms, sha256(name.encode("utf-8", "surrogatepass")).digest()[:10])


def id_of_name(name: str) -> str:
    """Give the id that a name of an event holds itself, `urn:uuid:...` of ours; else nothing."""
    match = UUID_NAME.fullmatch(name)
    return match[1].lower() if match and UUID7.fullmatch(match[1].lower()) else ""


def step_of(told: object) -> str:
    """Give a business step by its word, however its address is written."""
    return word_of(str(told or "")).rpartition("/")[2].rpartition("-")[2]


def _offset(told: object, at: object) -> object:
    """Give the offset from UTC that an event names, or the one its moment is written in."""
    if told is not None:
        return "+00:00" if told == "Z" else told
    offset = datetime.fromisoformat(str(at).replace("Z", "+00:00")).utcoffset() or timedelta()
    minutes = round(abs(offset).total_seconds() / 60)
    return f"{'-' if offset < timedelta() else '+'}{minutes // 60:02d}:{minutes % 60:02d}"


def _said(kind: str, event: Mapping, extra: Mapping) -> dict[str, object]:
    """Read what an event says of masses and of the way they go, as a deed's fields."""
    if kind == "change":
        taken = _listed(event, "inputQuantityList")
        made = _listed(event, "outputQuantityList")
        into, out = (sum(grams for *_, grams in some) for some in (taken, made))
        if out > into:
            # The standard's own schema lets this pass; a book does not.
            fault = f"takes {into} g and gives {out} g"
            raise InputError([Issue("outputQuantityList", fault, "nothing is made of nothing")])
        return _takes("inputs", taken) | {"outputs": [(material, g) for material, _, g in made]}
    if kind == "count" and "counted" in extra:
        return {}
    found = _listed(event, "quantityList")
    if kind == "count":
        return {"counted": _sum(found, 0)}
    if kind == "ticket":
        if len(found) != 1:
            fault = f"has {len(found)} quantities"
            raise InputError([Issue("quantityList", fault, "send one event for each material")])
        return {"material": found[0][0], "gross_g": found[0][2]}
    if kind == "arrival":
        return {"lots": _sum(found, 1)}
    if kind == "dispatch":
        return _takes("loads", found) | {"to": _destination(event)}
    return _takes("loads", found)


def _destination(event: Mapping) -> str:
    """Read to which site a load goes; parties, who own or hold it there, are no places."""
    places = [
        told.get("destination")
        for told in map(_mapping, _list(event, "destinationList"))
        if word_of(str(told.get("type") or "")) == "location"
    ]
    if len(places) != 1:
        fault = f"has {len(places)} entries of type location"
        raise InputError([Issue("destinationList", fault, "name the one site it goes to")])
    return _last(places[0], "destinationList")


def _takes(name: str, found: list[tuple[str, int, int]]) -> dict[str, dict]:
    """Part quantities into those of a lot and those of a material alone."""
    lots = _sum([told for told in found if told[1]], 1)
    return {"lots": lots, name: _sum([told for told in found if not told[1]], 0)}


def _sum(found: list[tuple[str, int, int]], by: int) -> dict:
    """Sum up grams by material (0) or by lot (1)."""
    sums: dict[object, int] = {}
    for told in found:
        sums[told[by]] = sums.get(told[by], 0) + told[2]
    return sums


def _mapping(told: object) -> Mapping:
    return told if isinstance(told, Mapping) else {}


def _list(event: Mapping, name: str) -> list:
    told = event.get(name)
    return told if isinstance(told, list) else []


def _listed(event: Mapping, name: str) -> list[tuple[str, int, int]]:
    """Read a list of quantities: material, lot (0 where there is none), grams."""
    issues, found = [], []
    for k, told in enumerate(map(_mapping, _list(event, name))):
        where = f"{name}[{k}]"
        parts = str(told.get("epcClass", "")).split("/")
        is_lot = len(parts) > 2 and parts[-2] == "lot" and parts[-1].isascii()
        lot = int(parts[-1]) if is_lot and parts[-1].isdigit() and len(parts[-1]) < 16 else 0
        material = parts[-3] if lot else parts[-1]
        if not material:
            issues.append(Issue(f"{where}.epcClass", "is empty", "name a material"))
        if told.get("uom") != "KGM":
            issues.append(Issue(f"{where}.uom", f"is {told.get('uom')!r}", "weigh in KGM"))
        try:
            grams = Decimal(str(told.get("quantity"))) * 1000
        except ArithmeticError:
            grams = Decimal("0.5")
        if not grams.is_finite() or not 0 < grams < MOST or grams != int(grams):
            fault = f"is {told.get('quantity')!r} kg"
            mend = "give a number above 0 with at most three decimals"
            issues.append(Issue(f"{where}.quantity", fault, mend))
            continue
        found.append((material, lot, int(grams)))
    if not found and not issues:
        issues.append(Issue(name, "is empty", "say what and how much"))
    if issues:
        raise InputError(issues)
    return found


def _moment(told: object, where: str) -> int:
    try:
        at_ms = ms(datetime.fromisoformat(str(told).replace("Z", "+00:00")))
    except (ValueError, AinalymError) as error:
        mend = "give ISO 8601 with the offset, such as 2026-03-01T09:30:00.000+05:00"
        raise InputError([Issue(where, f"{told!r} is no moment", mend)]) from error
    if at_ms <= 0:
        raise InputError([Issue(where, f"{told!r} is before 1970", "check the year")])
    return at_ms


def _last(name: object, where: str) -> str:
    last = str(name or "").rpartition("/")[2]
    if not last:
        raise InputError([Issue(where, "is empty", "name the site")])
    if ":" in last:
        mend = "end its name with the site's id, as in https://book.example/site/S1"
        raise InputError([Issue(where, f"{str(name)[:LONGEST]!r} names no site", mend)])
    return last
