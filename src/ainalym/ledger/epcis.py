"""EPCIS 2.0: entries as events that other programs read, and their events as deeds.

Pure: parsed JSON in and out. A ticket is an ObjectEvent of business step `collecting`, a dispatch
one of `shipping`, an arrival one of `receiving`, a sale one of `retail_selling`, a stock-take one
of `stock_taking`; a change is a TransformationEvent; a reversal repeats the event it takes back
with an error declaration. Mass is in kilograms (`KGM`) to the gram.

**Source.** GS1 EPCIS 2.0.1 and CBV 2.0.0 (ISO/IEC 19987 and 19988:2024).
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from hashlib import sha256

from ainalym.errors import AinalymError, InputError, Issue
from ainalym.model.deed import UUID7, Arrival, Change, Deed, Dispatch, Reversal, Sale, Ticket
from ainalym.model.entry import Entry, Posting, moment, ms, new_id

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
KINDS = {step: kind for kind, (_, step, _) in STEPS.items()} | {"transforming": "change"}
EXTRA = {
    "ticket": (
        *("price_minor_per_kg", "paid_minor", "currency", "source", "scale", "seller"),
        *("consent", "series", "number", "price_list"),
    ),
    "dispatch": ("vehicle",),
    "arrival": ("price_minor_per_kg", "currency", "scale"),
    "change": ("process", "scale"),
    "sale": ("buyer", "price_minor_per_kg", "currency", "claimed_ppm"),
}
"""Fields of a deed that travel under our own prefix."""


def document(entries: Iterable[Entry], root: str, *, offset: str = "+05:00") -> dict:
    """Make an EPCIS document of entries; rules, payments and closes have no event.

    Parameters
    ----------
    entries
        In the order of the chain, those that are reversed before their reversals.
    root
        The address our names stand under, such as `https://book.example`.
    offset
        The places' offset from UTC.
    """
    said = [*events(entries, root, offset=offset)]
    return {
        "@context": [CONTEXT, {OWN: f"{root}/terms/"}],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": max((event["recordTime"] for event in said), default=_time(0)),
        "epcisBody": {"eventList": said},
    }


def events(entries: Iterable[Entry], root: str, *, offset: str = "+05:00") -> Iterator[dict]:
    """Yield the event of each entry that has one.

    Parameters
    ----------
    entries, root, offset
        As for `document`.
    """
    seen: dict[int, dict] = {}
    for entry in entries:
        if entry.kind == "reversal" and entry.reverses in seen:
            told = seen[entry.reverses]
            yield told | {
                "recordTime": _time(entry.recorded_ms),
                "errorDeclaration": {
                    "declarationTime": _time(entry.event_ms),
                    "reason": "incorrect_data",
                    f"{OWN}:id": entry.id,
                    f"{OWN}:reason": entry.body["reason"],
                },
            }
        elif entry.kind in STEPS or entry.kind == "change":
            seen[entry.seq] = event = _event(entry, root, offset)
            yield event


def _event(entry: Entry, root: str, offset: str) -> dict:
    place = {"id": f"{root}/site/{entry.site}"}
    event: dict[str, object] = {
        "type": "TransformationEvent" if entry.kind == "change" else "ObjectEvent",
        "eventID": f"urn:uuid:{entry.id}",
        "eventTime": _time(entry.event_ms),
        "eventTimeZoneOffset": offset,
        "recordTime": _time(entry.recorded_ms),
        "readPoint": place,
        "bizLocation": place,
    }
    if entry.kind == "change":
        event |= {"bizStep": "transforming", "disposition": "active"}
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
            if posting.lot == int(lot)
        ]
    for name in ("actor", "reason", *EXTRA.get(entry.kind, ())):
        if name in entry.body:
            event[f"{OWN}:{name}"] = entry.body[name]
    return event


def _quantities(entry: Entry, root: str, *, taken: bool) -> list[dict]:
    def wanted(posting: Posting) -> bool:
        here = posting.lot is not None and posting.account.role == "stock"
        return here and (posting.quantity < 0) == taken

    return [
        _quantity(root, p.account.what, p.lot, abs(p.quantity)) for p in entry.postings if wanted(p)
    ]


def _quantity(root: str, material: str, lot: int | None, grams: int) -> dict:
    return {
        "epcClass": f"{root}/material/{material}/lot/{lot}",
        "quantity": grams / 1000 if grams % 1000 else grams // 1000,
        "uom": "KGM",
    }


def read_document(told: object) -> list[Deed]:
    """Make deeds of an EPCIS document, in its order.

    Taken are ObjectEvents of the steps `collecting`, `shipping`, `receiving` and `retail_selling`,
    TransformationEvents, and error declarations. Materials, sites and lots are the last parts of
    their names, as in `https://book.example/material/pet/lot/12`. An event without an id of ours
    gets one made of its own bytes, so that capturing it twice records it once.

    Parameters
    ----------
    told
        Parsed JSON.

    Raises
    ------
    InputError
        Every fault of every event.
    """
    issues: list[Issue] = []
    body = told.get("epcisBody") if isinstance(told, Mapping) else None
    listed = body.get("eventList") if isinstance(body, Mapping) else None
    if not isinstance(listed, list) or not isinstance(told, Mapping):
        fault = "there is no epcisBody with an eventList"
        raise InputError([Issue("document", fault, "send an EPCISDocument of EPCIS 2.0")])
    if told.get("type") != "EPCISDocument" or not str(told.get("schemaVersion")).startswith("2."):
        fault = f"type {told.get('type')!r}, schemaVersion {told.get('schemaVersion')!r}"
        issues.append(Issue("document", fault, "send an EPCISDocument of schemaVersion 2.0"))
    deeds = []
    for k, event in enumerate(listed):
        try:
            deeds.append(_deed(event if isinstance(event, Mapping) else {}, f"eventList[{k}]"))
        except InputError as error:
            issues += [
                Issue(f"eventList[{k}] {i.where}".strip(), i.fault, i.mend) for i in error.issues
            ]
    if issues:
        raise InputError(issues)
    return deeds


def _deed(event: Mapping, where: str) -> Deed:
    own = {key.partition(":")[2]: v for key, v in event.items() if key.startswith(f"{OWN}:")}
    event_ms = _moment(event.get("eventTime"), "eventTime")
    place = event.get("bizLocation") or event.get("readPoint") or {}
    deed_id = str(event.get("eventID", "")).removeprefix("urn:uuid:")
    if not UUID7.fullmatch(deed_id):
        said = json.dumps(event, sort_keys=True, separators=(",", ":")).encode()
        deed_id = new_id(event_ms, sha256(said).digest()[:10])
    shared = {
        "id": deed_id,
        "site": _last(place.get("id"), "site"),
        "event_ms": event_ms,
        **{name: own[name] for name in ("actor", "reason") if name in own},
    }
    wrong = event.get("errorDeclaration")
    if isinstance(wrong, Mapping):
        at = _moment(wrong.get("declarationTime"), "errorDeclaration.declarationTime")
        reason = wrong.get(f"{OWN}:reason") or wrong.get("reason") or ""
        named = wrong.get(f"{OWN}:id") or new_id(at, sha256(deed_id.encode()).digest()[:10])
        said = shared | {"id": named, "event_ms": at, "reason": reason}
        return Reversal(**said, reverses=deed_id)
    step = str(event.get("bizStep", "")).rpartition("/")[2].rpartition("-")[2]
    kind = "change" if event.get("type") == "TransformationEvent" else KINDS.get(step, "")
    extra = {name: own[name] for name in EXTRA.get(kind, ()) if name in own}
    try:
        return _told(kind, event, shared | extra)
    except TypeError as error:
        raise InputError(
            [Issue(where, f"cannot be read: {error}", "see the documentation")]
        ) from error


def _told(kind: str, event: Mapping, shared: dict) -> Deed:
    if kind == "change":
        taken = _listed(event, "inputQuantityList")
        made = _listed(event, "outputQuantityList")
        into, out = (sum(grams for *_, grams in some) for some in (taken, made))
        if out > into:
            # The standard's own schema lets this pass; a book does not.
            fault = f"takes {into} g and gives {out} g"
            raise InputError([Issue("outputQuantityList", fault, "nothing is made of nothing")])
        outputs = tuple((material, grams) for material, _, grams in made)
        return Change(**shared, **_takes("inputs", taken), outputs=outputs)
    if kind == "ticket":
        found = _listed(event, "quantityList")
        if len(found) != 1:
            fault = f"has {len(found)} quantities"
            raise InputError([Issue("quantityList", fault, "send one event for each material")])
        return Ticket(**shared, material=found[0][0], gross_g=found[0][2])
    if kind == "dispatch":
        to = [d.get("destination") for d in event.get("destinationList") or [{}]]
        takes = _takes("loads", _listed(event, "quantityList"))
        return Dispatch(**shared, to=_last(to[0], "destinationList"), **takes)
    if kind == "arrival":
        found = _listed(event, "quantityList")
        return Arrival(**shared, lots={lot: grams for _, lot, grams in found})
    if kind == "sale":
        return Sale(**shared, **_takes("loads", _listed(event, "quantityList")))
    said = f"type {event.get('type')!r} with bizStep {event.get('bizStep')!r} is not taken"
    raise InputError([Issue("", said, f"send one of {', '.join(KINDS)}")])


def _takes(name: str, found: list[tuple[str, int, int]]) -> dict[str, dict]:
    """Part quantities into those of a lot and those of a material alone."""
    lots = {lot: grams for _, lot, grams in found if lot}
    loads = {material: grams for material, lot, grams in found if not lot}
    return {"lots": lots, name: loads}


def _listed(event: Mapping, name: str) -> list[tuple[str, int, int]]:
    """Read a list of quantities: material, lot (0 where there is none), grams."""
    issues, found = [], []
    for k, told in enumerate(event.get(name) or []):
        where = f"{name}[{k}]"
        parts = str(told.get("epcClass", "")).split("/")
        lot = int(parts[-1]) if len(parts) > 2 and parts[-2] == "lot" and parts[-1].isdigit() else 0
        material = parts[-3] if lot else parts[-1]
        if not material:
            issues.append(Issue(f"{where}.epcClass", "is empty", "name a material"))
        if told.get("uom") != "KGM":
            issues.append(Issue(f"{where}.uom", f"is {told.get('uom')!r}", "weigh in KGM"))
        try:
            grams = Decimal(str(told.get("quantity"))) * 1000
        except InvalidOperation:
            grams = Decimal("0.5")
        if not grams.is_finite() or grams <= 0 or grams != int(grams):
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
        return ms(datetime.fromisoformat(str(told).replace("Z", "+00:00")))
    except (ValueError, AinalymError) as error:
        mend = "give ISO 8601 with the offset, such as 2026-03-01T09:30:00.000+05:00"
        raise InputError([Issue(where, f"{told!r} is no moment", mend)]) from error


def _last(name: object, where: str) -> str:
    last = str(name or "").rpartition("/")[2]
    if not last:
        raise InputError([Issue(where, "is empty", "name the site")])
    return last


def _time(event_ms: int) -> str:
    return moment(event_ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")
