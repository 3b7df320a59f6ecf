"""A month that is over, as its people told it: bought, fetched, sorted, sold and set right."""

import re
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ainalym.ledger import entries, post
from ainalym.model.deed import Arrival, Change, Deed, Dispatch, Reversal, Sale, Ticket
from ainalym.model.entry import Receipt, ms, new_id, now_ms
from ainalym.web.book import the_book

ZONE = ZoneInfo("Asia/Almaty")
POINTS, STATION, PLANT, LANDFILL = ("pt-012", "pt-010"), "st-08", "paper-mill", "landfill"
TICKETS = 20
"""At each point; the third of them is taken back and told anew."""

BALES_G = (352_000, 352_000)


class Month(NamedTuple):
    """What a test has to know of it.

    Attributes
    ----------
    from_ms, to_ms
        Its first moment and the first one after it.
    bale
        A bale of cardboard that went to the plant.
    arrived
        The lot it became there.
    reversal
        The entry that took a ticket back.
    """

    from_ms: int
    to_ms: int
    bale: int
    arrived: int
    reversal: Receipt

    @property
    def name(self) -> str:
        """As addresses say it."""
        return f"{datetime.fromtimestamp(self.from_ms / 1000, ZONE):%Y-%m}"


def last_month() -> tuple[int, int]:
    """The first moment of the month before this one, and the first one after it."""
    now = datetime.fromtimestamp(now_ms() / 1000, ZONE)
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return ms((first - timedelta(days=1)).replace(day=1)), ms(first)


class Teller:
    """Tells deeds at moments of a month that is over, each a minute after the one before."""

    def __init__(self, from_ms: int) -> None:
        """Begin on the tenth, when the demo's rules hold already."""
        self.at_ms = from_ms + 9 * 86_400_000 + 8 * 3_600_000

    def tell(self, kind: type[Deed], **fields: object) -> Receipt:
        """Tell one deed."""
        self.at_ms += 60_000
        return post(
            the_book(), [kind(**({"id": new_id(self.at_ms), "event_ms": self.at_ms} | fields))]
        )[0]

    def ticket(self, point: str, number: int, grams: int = 30_000, **fields: object) -> Receipt:
        """Buy cardboard at a point, with a slip."""
        paid = grams * 1_600 // 1_000
        keeper = point.replace("pt-0", "keeper-")
        told = {"actor": keeper, "material": "cardboard", "gross_g": grams + 400, "tare_g": 400}
        told |= {"price_minor_per_kg": 1_600, "paid_minor": paid, "scale": f"{point}-scale"}
        told |= {"series": f"{point}-A", "number": number}
        return self.tell(Ticket, site=point, **(told | fields))


def a_month() -> Month:
    """Tell it: forty tickets at two points, a load of each, one sorting run, one delivery."""
    from_ms, to_ms = last_month()
    teller = Teller(from_ms)
    for point in POINTS:
        for number in range(1, TICKETS + 1):
            source = {"source": "container"} if (point, number) == (POINTS[1], 5) else {}
            teller.ticket(point, number, **source)
    wrong = entries(the_book(), site=POINTS[0], kind="ticket", after=0)[2]
    reversal = teller.tell(
        Reversal, site=POINTS[0], reverses=wrong.id, actor="keeper-12", reason="wrong grade"
    )
    teller.ticket(POINTS[0], TICKETS + 1, corrects=wrong.id)
    under_way = [
        teller.tell(
            Dispatch, site=point, to=STATION, loads={"cardboard": 500_000 + 20_000 * k},
            vehicle="123 ABC 02", actor="leader-8",
        ).lots[0]
        for k, point in enumerate(POINTS)
    ]  # fmt: skip
    for lot, grams in zip(under_way, (499_000, 520_000), strict=True):
        teller.tell(
            Arrival, site=STATION, lots={lot: grams}, actor="leader-8", scale=f"{STATION}-scale"
        )
    outputs = (*(("cardboard.clean", grams) for grams in BALES_G),)
    outputs += (("cardboard.dirty", 176_000), ("residue", 120_000))
    run = teller.tell(
        Change, site=STATION, process="fibre-line", inputs={"cardboard": 1_000_000},
        outputs=outputs, actor="leader-8", scale=f"{STATION}-scale",
    )  # fmt: skip
    bale = run.lots[0]
    sent = teller.tell(Dispatch, site=STATION, to=PLANT, lots={bale: 352_000}, actor="leader-8")
    arrived = teller.tell(
        Arrival, site=PLANT, lots={sent.lots[0]: 352_000}, actor="buyer-paper",
        price_minor_per_kg={"cardboard.clean": 4_500}, scale=f"{PLANT}-scale",
    )  # fmt: skip
    teller.tell(Sale, site=STATION, buyer=LANDFILL, loads={"residue": 100_000}, actor="leader-8")
    return Month(from_ms, to_ms, bale, arrived.lots[0], reversal)


def text(answer) -> str:
    """A page without its markup."""
    bare = re.sub(r"<[^>]+>", " ", answer.content.decode()).replace("\N{NO-BREAK SPACE}", " ")
    return re.sub(r"\s+", " ", bare)
