"""Tickets as a phone tells them, and numbers as keepers type them."""

from ainalym.model.entry import new_id, now_ms

A_DAY_MS = 24 * 3600 * 1000
SITE = "pt-012"

NUMBERS = [
    ("12,4", 3, 12_400),
    ("12.4", 3, 12_400),
    ("12", 3, 12_000),
    ("0,005", 3, 5),
    ("12,4000", 3, 12_400),
    ("", 3, 0),
    ("  7 ", 3, 7_000),
    ("1 200,5", 3, 1_200_500),
    ("1\u00a0200", 3, 1_200_000),
    ("0,0001", 3, None),
    ("12,4567", 3, None),
    ("1.200,5", 3, None),
    ("1,200.5", 3, None),
    ("-3", 3, None),
    ("12,", 3, None),
    (",5", 3, None),
    ("12kg", 3, None),
    ("1e3", 3, None),
    ("٣", 3, None),
    ("1234567890", 3, None),
    ("50,25", 2, 5_025),
    ("50,255", 2, None),
]
"""Text, decimals allowed, whole units of the last decimal; None where it is refused."""


def told(**changes: object) -> dict[str, object]:
    """A sound ticket: 12 kg of bottles in a box of 400 g, paid by the list."""
    sound = {
        "id": new_id(),
        "keeper": "keeper-12",
        "series": "pt-012-A",
        "number": 1,
        "material": "pet.presorted",
        "gross_g": 12_400,
        "tare_g": 400,
        "deduction_g": 0,
        "price_minor_per_kg": 5_000,
        "paid_minor": 60_000,
        "price_list": "1",
        "reason": "",
        "scale": "pt-012-scale",
        "source": "people",
        "seller": "",
        "consent": False,
        "sure": False,
        "event_ms": now_ms(),
        "device_ms": now_ms(),
    }
    return sound | changes


class Phone:
    """A keeper's phone: a client that is signed in, with a series of slips."""

    def __init__(self, client, site: str = SITE, device: int = 1) -> None:
        self.client = client
        self.base = f"/counter/{site}/"
        self.device = f"{device:032x}"

    def post(self, path: str, body: object, **headers: str):
        """Send JSON, as the page's script does."""
        return self.client.post(
            self.base + path,
            body,
            content_type="application/json",
            headers={"accept": "application/json"} | headers,
        )

    def series(self) -> str:
        """Ask for the series of this phone."""
        return self.post("series", {"device": self.device}).json()["series"]

    def pay(self, **changes: object):
        """Send a ticket."""
        return self.post("tickets", told(**changes))
