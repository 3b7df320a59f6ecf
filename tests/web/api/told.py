"""What programs tell in tests."""

from ainalym.model.entry import new_id, now_ms

PAID = 3_000
"""What the demo's list pays for a kilogram of plastic, in tiyn."""


def ticket(site: str = "pt-003", **said: object) -> dict[str, object]:
    """Say a ticket that nothing is wrong with."""
    return {
        "kind": "ticket",
        "id": new_id(),
        "site": site,
        "event_ms": now_ms(),
        "material": "plastic",
        "gross_g": 12_000,
        "price_minor_per_kg": PAID,
        "paid_minor": 12 * PAID,
        "scale": f"{site}-scale",
    } | said


def deeds(*told: dict) -> dict[str, object]:
    """Say deeds together."""
    return {"deeds": list(told)}
