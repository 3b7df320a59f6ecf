"""Staged networks for tests: drawn ones, and the whole program for another solver."""

import numpy as np

from ainalym.answer import Sense
from ainalym.solve.mip import Program
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


def whole(staged):
    """Write everything down as one mixed-integer program, a column for each zone and station."""
    zones, stations, plants, commodities, years = staged.shape
    sizes = len(staged.module_t)
    program, today = Program(Sense.MIN), staged.discount
    after = np.cumsum(today[::-1])[::-1]
    build = program.columns(
        "build",
        (stations, sizes, years),
        gain=staged.capex[..., None] * today + staged.upkeep[..., None] * after,
        upper=staged.most_at_once,
        integer=True,
    )
    used = program.columns("used", stations, upper=1.0, integer=True)
    z, j = np.nonzero(np.isfinite(staged.bring))
    ways = (len(z), commodities, years)
    bring = program.columns("bring", ways, gain=staged.bring[z, j, None, None] * today)
    bury = program.columns(
        "bury", (zones, commodities, years), gain=staged.landfill[:, None] * today
    )
    k, r, c = np.nonzero(np.isfinite(staged.sale))
    sell = program.columns("sell", (len(k), years), gain=-staged.sale[k, r, c, None] * today)
    all_t = program.rows(
        "all goes somewhere", bury.shape, lower=staged.supply_t, upper=staged.supply_t
    )
    program.put(all_t, bury)
    program.put(all_t[z], bring)
    room = program.rows("room", (stations, years), upper=0.0)
    program.put(room[j][:, None], bring)
    for t in range(years):
        program.put(room[:, None, None, t], build[..., : t + 1], -staged.module_t[:, None])
    mass = program.rows("sold", (stations, commodities, years), lower=0.0, upper=0.0)
    program.put(mass[j], bring, -staged.left[:, None])
    program.put(mass[k, c], sell)
    limit = program.rows("limits", (plants, commodities, years), upper=staged.limit_t)
    program.put(limit[r, c], sell)
    few = program.rows("modules", stations, upper=0.0)
    program.put(few[:, None, None], build)
    program.put(few, used, -float(staged.most_modules))
    program.put(program.rows("stations", (), upper=float(staged.most_stations)), used)
    spent = program.rows("budget", years, upper=staged.budget)
    for t in range(years):
        program.put(spent[t], build[..., : t + 1], staged.capex[..., None])
    return program
