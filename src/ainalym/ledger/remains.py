"""What an entry still says when its private part is erased: what follows from what it moved."""

from collections.abc import Callable, Mapping, Sequence

from ainalym.model.entry import Draw, Posting

Body = dict[str, object]


def remains(
    kind: str, noted: Mapping[str, object], postings: Sequence[Posting], draws: Sequence[Draw]
) -> Body:
    """Say a deed anew, as far as its public part and its postings tell.

    Parameters
    ----------
    kind
        Of the entry.
    noted
        What the book noted on it.
    postings, draws
        Of the entry, in their order.
    """
    say = SAID.get(kind)
    return {"kind": kind, "erased": True} | (say(noted, postings, draws) if say else {})


def _ticket(noted: Mapping, postings: Sequence[Posting], draws: Sequence[Draw]) -> Body:
    (stock,) = (one for one in postings if one.lot is not None)
    paid = sum(one.quantity for one in postings if one.account.role == "people")
    said: Body = {"material": stock.account.what, "net_g": stock.quantity}
    return said | {"source": noted.get("from", ""), "paid_minor": paid}


def _taken(postings: Sequence[Posting], ledger: str) -> dict[str, int]:
    """Sum up what was taken from stock, by material or product."""
    taken: dict[str, int] = {}
    for one in postings:
        here = one.account.ledger == ledger and one.account.role == "stock" and one.quantity < 0
        if here:
            taken[one.account.what] = taken.get(one.account.what, 0) - one.quantity
    return taken


def _dispatch(noted: Mapping, postings: Sequence[Posting], draws: Sequence[Draw]) -> Body:
    to = next(one.account.to for one in postings if one.account.role == "transit")
    return {"to": to, "loads": _taken(postings, "mass"), "pieces": _taken(postings, "count")}


def _arrival(noted: Mapping, postings: Sequence[Posting], draws: Sequence[Draw]) -> Body:
    got = {one.lot: one.quantity for one in postings if one.account.role == "stock"}
    return {"lots": {str(draw.parent): got[draw.child] for draw in draws if draw.child in got}}


def _change(noted: Mapping, postings: Sequence[Posting], draws: Sequence[Draw]) -> Body:
    made = [one for one in postings if one.lot is not None and one.quantity > 0]
    return {
        "process": noted.get("process", ""),
        "inputs": _taken(postings, "mass"),
        "used": _taken(postings, "count"),
        "outputs": [[p.account.what, p.quantity] for p in made if p.account.ledger == "mass"],
        "pieces": {p.account.what: p.quantity for p in made if p.account.ledger == "count"},
    }


def _sale(noted: Mapping, postings: Sequence[Posting], draws: Sequence[Draw]) -> Body:
    buyer = next(one.account.to for one in postings if one.account.role == "sold")
    return {"buyer": buyer, "loads": _taken(postings, "mass"), "pieces": _taken(postings, "count")}


def _payment(noted: Mapping, postings: Sequence[Posting], draws: Sequence[Draw]) -> Body:
    payee, payer = sorted(postings, key=lambda one: -one.quantity)
    said: Body = {"payer": payer.account.role, "payee": payee.account.role}
    return said | {"paid_minor": payee.quantity, "currency": payee.account.what}


SAID: dict[str, Callable[..., Body]] = {
    "ticket": _ticket,
    "dispatch": _dispatch,
    "arrival": _arrival,
    "change": _change,
    "sale": _sale,
    "payment": _payment,
}
