"""Staged networks for tests."""

import numpy as np

from ainalym.solve.network_terms import Staged


def drawn(seed, *, zones=7, stations=4, plants=2, commodities=2, years=3, **changed):
    """A small network in which building pays, with room and money short, and some ways closed."""
    rng = np.random.default_rng(seed)
    at = [rng.uniform(0, 20, (n, 2)) for n in (zones, stations, plants)]
    near, far = (
        np.hypot(*(a[:, None] - b).transpose(2, 0, 1)) for a, b in ((at[0], at[1]), at[1:])
    )
    growth = 1.05 ** np.arange(years)
    supply_t = rng.uniform(5, 60, (zones, commodities, 1)) * growth
    bring = 1.5 * near + 8.0
    bring[rng.random(bring.shape) < 0.15] = np.inf
    sale = rng.uniform(20, 120, (plants, commodities))[None] - 0.8 * far[..., None]
    sale[rng.random(sale.shape) < 0.15] = -np.inf
    module_t = np.array([0.2, 0.5]) * supply_t[..., -1].sum()
    capex = np.array([9e3, 18e3]) * rng.uniform(0.7, 1.3, (stations, 1))
    parts = {
        "supply_t": supply_t,
        "bring": bring,
        "landfill": rng.uniform(30, 90, commodities),
        "left": rng.uniform(0.6, 0.95, commodities),
        "sale": sale,
        "limit_t": rng.uniform(0.2, 0.8, (plants, commodities, 1)) * supply_t.sum(0)[None],
        "module_t": module_t,
        "capex": capex,
        "upkeep": 0.05 * capex,
        "budget": 25e3 * (1 + 0.5 * np.arange(years)),
        "discount": 1.07 ** -np.arange(years),
        "most_stations": 2,
        "most_modules": 2,
    }
    return Staged(**parts | changed)
