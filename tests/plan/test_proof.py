"""The certificate of a plan: what it proves, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from ainalym.answer import Sense
from ainalym.city import read, write
from ainalym.city.roads import measure
from ainalym.errors import InputError
from ainalym.model.programme import Objective
from ainalym.plan import design, proof
from ainalym.plan.choice import add_choices
from ainalym.plan.digest import digest_of
from ainalym.plan.households import alike
from ainalym.plan.households import pairs as pairs_of
from ainalym.plan.joint import add_cuts, cuts_of, master_of
from ainalym.plan.proof import LEAF, check, leaves_of
from ainalym.plan.proof_text import read as read_text
from ainalym.plan.proof_text import text_of
from ainalym.plan.proving import certify_plan
from ainalym.plan.worth import in_units
from ainalym.solve.branch import Traced, branch
from ainalym.solve.linear import Linear
from ainalym.study import examples
from tests.plan.test_search import best_of_all, changed_toy

LEADS = 1e-5
"""Share of the bound that prices in single precision may lose."""


def certified(city, **wishes):
    """A plan of a city with its certificate."""
    travel, found = measure(city), []
    outcome = design(city, travel, seconds=30, certified=found.append, **wishes)
    return travel, outcome, found[0]


@pytest.fixture(scope="module")
def toy():
    """The shipped toy, its distances, its plan and its certificate."""
    city = read(examples()["toy"])
    return city, *certified(city, gap_allowed=0.0)


def refused(city, travel, certificate, objective) -> str:
    """Why a certificate is refused."""
    with pytest.raises(InputError) as told:
        check(city, travel, certificate, objective)
    return str(told.value)


def test_the_toys_optimum_is_proven_without_a_solver(toy):
    city, travel, outcome, certificate = toy
    proven = check(city, travel, certificate, outcome.objective)
    assert proven.objective == outcome.objective
    assert outcome.objective <= proven.bound <= outcome.objective * (1 + LEADS)
    assert len(certificate.price) > 1


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_no_choice_at_all_beats_what_is_proven(seed):
    city = changed_toy(seed)
    best = best_of_all(city)
    if best == -np.inf:
        pytest.skip("this one has no plan")
    travel, outcome, certificate = certified(city, gap_allowed=1e-6)
    proven = check(city, travel, certificate, outcome.objective)
    assert proven.bound >= best - 1e-9 * abs(best)
    assert proven.bound == pytest.approx(best, rel=0.02)
    rng = np.random.default_rng(seed)
    for scale in (1e-3, 1.0, 1e6):
        price = certificate.price + scale * rng.normal(size=certificate.price.shape)
        strange = replace(certificate, price=price.astype(np.float32), bound=np.inf)
        assert check(city, travel, strange, outcome.objective).bound >= best - 1e-9 * abs(best)


@pytest.mark.parametrize("objective", list(Objective))
def test_every_objective_is_proven_on_its_own_side(objective):
    city = read(examples()["toy"])
    programme = replace(city.programme, objective=objective, target_share=0.02)
    city = replace(city, programme=programme)
    travel, outcome, certificate = certified(city, gap_allowed=1e-4)
    proven = check(city, travel, certificate, outcome.objective)
    better = proven.bound - outcome.objective
    better *= 1 if outcome.sense is Sense.MAX else -1
    assert -1e-9 * abs(outcome.objective) <= better <= 0.02 * abs(outcome.objective)


def test_a_certificate_of_another_city_is_refused(toy):
    city, travel, outcome, certificate = toy
    dearer = [replace(o, price_minor_per_kg=o.price_minor_per_kg + 1) for o in city.offers]
    other = replace(city, offers=tuple(dearer))
    said = refused(other, travel, certificate, outcome.objective)
    assert said.startswith("certificate: is of city ")
    assert "give the city it was made for" in said
    further = replace(travel, haul_m=travel.haul_m + 1.0)
    assert "is of city" in refused(city, further, certificate, outcome.objective)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda c: {"bound": c.bound * 0.99}, "bound: claims "),
        (lambda c: {"objective": c.objective * 1.01}, "objective: claims "),
        (lambda c: {"cuts": c.cuts + np.array([0, 9, 0, 0])}, "cuts: name a point"),
        (lambda c: {"cuts": c.cuts - np.array([9, 0, 0, 0])}, "cuts: name a point"),
        (lambda c: {"cuts": np.vstack([c.cuts, [[10**6, -1, -1, 0]]])}, "cuts: name a point"),
        (lambda c: {"cuts": np.vstack([c.cuts, [[0, -1, 0, 0]]])}, "cuts: name a point"),
        (lambda c: {"cuts": c.cuts[:-1]}, "certificate: is of a program of "),
        (lambda c: {"columns": c.columns + 1}, "certificate: is of a program of "),
        (lambda c: {"price": c.price[:, :-1]}, "prices: have shape "),
        (lambda c: {"price": c.price[:-1]}, "prices for "),
        (lambda c: {"price": c.price[:-1], "splits": c.splits[:-1]}, "parts: are not all"),
        (lambda c: {"splits": np.array([[0, 3], *c.splits[1:]])}, "which need not be whole"),
        (lambda c: {"splits": np.array([[10**6, 3], *c.splits[1:]])}, "parts: are not all"),
        (lambda c: {"splits": np.vstack([c.splits, [[LEAF, 0]]])}, "parts: are not all"),
    ],
)
def test_a_tampered_certificate_is_refused(toy, change, says):
    city, travel, outcome, certificate = toy
    assert says in refused(
        city, travel, replace(certificate, **change(certificate)), outcome.objective
    )


def test_prices_of_one_part_do_not_prove_another(toy):
    city, travel, outcome, certificate = toy
    swapped = replace(certificate, price=certificate.price[::-1].copy())
    assert "bound: claims " in refused(city, travel, swapped, outcome.objective)


def test_every_whole_choice_lies_in_just_one_part():
    program = Linear(Sense.MAX)
    program.columns("x", 3, upper=[1.0, 1.0, 4.0], integer=True)
    splits = [[2, 1], [0, 0], [LEAF, 0], [LEAF, 0], [2, 2], [LEAF, 0], [1, 0], [LEAF, 0], [LEAF, 0]]
    parts = leaves_of(program, np.array(splits, np.int32))
    for x in np.ndindex(2, 2, 5):
        inside = [all(low <= x[k] <= high for k, (low, high) in part.items()) for part in parts]
        assert sum(inside) == 1


def test_a_certificate_reads_as_it_was_written(toy, tmp_path):
    *_, certificate = toy
    path = tmp_path / "certificate.json"
    path.write_text(text_of(certificate))
    again = read_text(path)
    for name in ("digest", "objective", "bound", "columns", "rows"):
        assert getattr(again, name) == getattr(certificate, name)
    for name in ("cuts", "splits", "price"):
        assert np.array_equal(getattr(again, name), getattr(certificate, name))
    text = path.read_text()
    for broken in (text[:-20], "[]", text.replace("certificate 1", "certificate 9"), "{}"):
        path.write_text(broken)
        with pytest.raises(InputError, match="is not a plan's certificate, or is damaged"):
            read_text(path)


def searched(city, travel):
    """The master program of a city and its tree, searched for a number that it can beat a bit."""
    master = master_of(city, travel, alike(pairs_of(city, travel)))
    program, trace = master.net.program, Traced()
    columns = np.unique(np.concatenate([master.level.ravel(), master.net.station_open.ravel()]))
    branch(
        program,
        [columns],
        cut=lambda solution: add_cuts(master, solution) + add_choices(master, solution),
        suggest=lambda solution, is_whole: -np.inf,
        gap_allowed=0.0,
        seconds=20,
        trace=trace,
    )
    return master, trace


def test_a_small_certificate_claims_less_and_holds(toy):
    city, travel, outcome, _ = toy
    master, trace = searched(city, travel)
    claims = []
    for most_bytes in (10**6, 600, 1):
        made = certify_plan(
            city, travel, cuts_of(master), trace, outcome.objective, most_bytes=most_bytes
        )
        proven = check(city, travel, made, outcome.objective)
        claims.append((len(made.price), proven.bound))
    assert claims == sorted(claims, key=lambda claim: -claim[0])
    assert [bound for _, bound in claims] == sorted(bound for _, bound in claims)
    assert claims[-1][0] == 1
    assert claims[0][0] > claims[1][0] >= 1
    assert claims[0][1] < claims[-1][1]


def test_without_any_prices_the_claim_is_still_true(toy):
    city, travel, outcome, _ = toy
    master = master_of(city, travel, alike(pairs_of(city, travel)))
    made = certify_plan(city, travel, cuts_of(master), Traced(), outcome.objective)
    assert check(city, travel, made, outcome.objective).bound >= outcome.bound


@pytest.mark.parametrize("name", ["toy", "almaty-2003", "almaty"])
def test_a_city_read_again_has_the_same_digest(name, tmp_path):
    city = read(examples()[name])
    write(city, tmp_path / "again")
    again = read(tmp_path / "again")
    assert digest_of(again, measure(again)) == digest_of(city, measure(city))


def test_whatever_a_plan_depends_on_changes_the_digest():
    city = read(examples()["toy"])
    travel = measure(city)
    sites, places = city.sites, city.places
    changed = [
        replace(city, programme=replace(city.programme, growth_share=0.5)),
        replace(city, sites=replace(sites, capex_minor=sites.capex_minor + 1)),
        replace(city, places=replace(places, waste_kg_per_day=places.waste_kg_per_day * 1.001)),
        replace(city, offers=city.offers[1:]),
        replace(city, counters=city.counters[1:]),
        replace(city, processes=city.processes[1:]),
        replace(city, hauls=city.hauls[1:]),
    ]
    assert len({digest_of(other, travel) for other in [city, *changed]}) == len(changed) + 1
    assert digest_of(replace(city, outline="{}"), travel) == digest_of(city, travel)


def test_a_claim_stays_behind_what_is_proven_on_both_sides():
    for objective in Objective:
        city = read(examples()["toy"])
        city = replace(city, programme=replace(city.programme, objective=objective))
        claim, exact = proof.claim_of(city, 1000.0), in_units(objective, 1000.0)
        assert (claim > exact) == (in_units(objective, 2.0) > in_units(objective, 1.0))
