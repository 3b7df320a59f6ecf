"""Certificates against every choice there is, and against whoever tampers with them."""

import json
import math
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from ainalym.errors import InputError
from ainalym.plan.certificate import load, read, save, text_of
from ainalym.solve import certificate as certificates
from ainalym.solve.certificate import certify, check, prove
from ainalym.solve.sites import Gains, choose, instance


def drawn(seed: int, clients: int = 12, sites: int = 7):
    """A small problem with any of the limits there are."""
    rng = np.random.default_rng(seed)
    held = rng.random((clients, sites)) < 0.6
    client, site = np.nonzero(held)
    gains = Gains.of(client, site, rng.uniform(0, 10, len(client)), clients=clients, sites=sites)
    terms: dict = {"cost": rng.uniform(-1, 6, sites)}
    if seed % 2:
        terms |= {"p": int(rng.integers(1, 4)), "at_most": bool(rng.integers(2))}
    if seed % 3 == 0:
        spend = rng.uniform(0, 3, sites)
        terms |= {"spend": spend, "budget": float(np.sort(spend)[:4].sum())}
    if seed % 5 == 0:
        forced = np.zeros(sites, bool)
        forced[int(np.argmin(terms.get("spend", np.arange(sites))))] = True
        terms |= {"forced": forced, "forbidden": ~forced & (rng.random(sites) < 0.3)}
    return gains, terms


def best_of_all(problem) -> float:
    gains, limits = problem.gains, problem.limits
    table = np.zeros((gains.clients, gains.sites))
    table[gains.client, gains.site] = gains.gain
    best = -math.inf
    for chosen in product((False, True), repeat=gains.sites):
        is_open = np.array(chosen)
        if limits.allow(is_open):
            served = (table * is_open).max(1)
            got = math.fsum([*served, *(-problem.cost[is_open])])
            best = max(best, got)
    return best


@pytest.mark.parametrize("block", [1, 5, 11, 12])
def test_however_many_clients_are_looked_at_together_the_same_is_proven(block, monkeypatch):
    gains, terms = drawn(7)
    problem, price = instance(gains, **terms), np.linspace(0, 9, gains.clients)
    is_open = np.arange(gains.sites) < 2
    whole = prove(problem, is_open, price, 0.0)
    monkeypatch.setattr(certificates, "BLOCK", block)
    assert prove(problem, is_open, price, 0.0) == pytest.approx(whole, rel=1e-13)
    assert whole.worth < whole.bound


@pytest.mark.parametrize("seed", range(60))
def test_the_best_choice_lies_between_what_is_proven(seed):
    gains, terms = drawn(seed)
    problem = instance(gains, **terms)
    answer = choose(gains, **terms, seconds=5.0, gap_allowed=0.0)
    best = best_of_all(problem)
    if answer.value is None:
        assert best == -math.inf
        return
    made = certify(problem, answer.value.open, answer.value.price, answer.value.toll)
    proven = check(problem, made)
    assert proven.worth <= best <= proven.bound
    assert proven.worth == pytest.approx(answer.objective, abs=1e-9)
    assert proven.bound <= answer.value.price.sum() + 10 * gains.sites  # of any use at all


@pytest.mark.parametrize("seed", range(30))
def test_whatever_the_prices_the_bound_holds(seed):
    gains, terms = drawn(seed)
    problem = instance(gains, **terms)
    rng = np.random.default_rng([seed, 2])
    best = best_of_all(problem)
    for _ in range(20):
        price = rng.uniform(0, 12, gains.clients) * (rng.random(gains.clients) < 0.8)
        toll = float(rng.uniform(0, 5)) if problem.limits.has_budget else 0.0
        nothing = np.zeros(gains.sites, bool)
        assert certificates.prove(problem, nothing, price, toll).bound >= best


@pytest.fixture
def made():
    gains, terms = drawn(9, clients=40, sites=12)
    problem = instance(gains, **terms)
    choice = choose(gains, **terms, seconds=5.0).value
    return problem, certify(problem, choice.open, choice.price, choice.toll)


def test_a_certificate_and_its_instance_come_back_as_they_were(made, tmp_path):
    problem, kept = made
    save(problem, tmp_path / "instance.npz")
    (tmp_path / "certificate.json").write_text(text_of(kept))
    again, told = load(tmp_path / "instance.npz"), read(tmp_path / "certificate.json")
    assert again.digest == problem.digest
    assert check(again, told) == check(problem, kept)
    assert text_of(told) == text_of(kept)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"worth": 1e6}, "worth: claims"),
        ({"bound": -1e6}, "bound: claims"),
        ({"worth": math.nan}, "worth: claims"),
        ({"bound": math.nan}, "bound: claims"),
        ({"open": (0, 0)}, "open: are not different sites"),
        ({"open": (99,)}, "open: are not different sites"),
        ({"open": tuple(range(12))}, "open: breaks the limits"),
        ({"price": np.full(40, -1, np.float32)}, "price: is below 0"),
        ({"price": np.full(40, np.nan, np.float32)}, "price: is below 0"),
        ({"price": np.zeros(39, np.float32)}, "price: has shape"),
        ({"price": np.zeros(40, np.float32)}, "bound: claims"),
        ({"toll": -1.0}, "toll: is -1"),
        ({"toll": math.inf}, "toll: is inf"),
        ({"digest": "0" * 64}, "certificate: is of instance 000000000000"),
    ],
)
def test_a_certificate_that_was_tampered_with_is_refused(made, change, said):
    problem, kept = made
    with pytest.raises(InputError, match=said):
        check(problem, replace(kept, **change))


@pytest.mark.parametrize("name", certificates.COLUMNS)
def test_any_other_instance_is_refused(made, name, tmp_path):
    problem, kept = made
    columns = problem.columns()
    other = columns[name].copy()
    if name in ("forced", "forbidden"):
        other[-1] ^= 1
    elif name == "start":
        other = np.insert(other, 1, 0)
    elif name == "site":
        other[-1] = next(j for j in range(12) if j not in other[columns["start"][-2] :])
    else:
        other[-1] *= 0.99
    np.savez_compressed(tmp_path / "other.npz", **(columns | {name: other}))
    with pytest.raises(InputError):
        check(load(tmp_path / "other.npz"), kept)


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "not json", '{"kind": "another"}', "\x00\xff", '{"kind": null, "price": 1}'],
)
def test_what_is_no_certificate_is_refused(tmp_path, text):
    path = tmp_path / "certificate.json"
    path.write_text(text)
    with pytest.raises(InputError, match="is not a certificate"):
        read(path)


def test_a_price_that_unpacks_to_more_than_it_says_is_refused(made, tmp_path):
    told = json.loads(text_of(made[1]))
    told["clients"] -= 1
    path = tmp_path / "certificate.json"
    path.write_text(json.dumps(told))
    with pytest.raises(InputError, match="is not a certificate"):
        read(path)


def test_what_is_no_instance_is_refused(made, tmp_path):
    path = tmp_path / "instance.npz"
    with pytest.raises(InputError, match="no such file"):
        load(path)
    path.write_bytes(b"PK\x03\x04 and then nothing")
    with pytest.raises(InputError, match="is not an instance"):
        load(path)
    columns = made[0].columns()
    np.savez_compressed(path, **{k: v for k, v in columns.items() if k != "gain"})
    with pytest.raises(InputError, match="has no column gain"):
        load(path)
    np.savez_compressed(path, **(columns | {"cost": columns["cost"].astype("f4")}))
    with pytest.raises(InputError, match="column cost is not one row"):
        load(path)


def test_leaving_pairs_out_needs_an_escape_as_cheap_as_they_are():
    """Serve five clients from one of three sites; each keeps only its two cheapest pairs."""
    rng = np.random.default_rng(5)
    wrong = 0
    for _ in range(200):
        cost = rng.uniform(0, 10, (5, 3))
        order = np.argsort(cost, 1)
        true_best = cost.sum(0).min()
        client = np.repeat(np.arange(5), 2)
        site = order[:, :2].ravel()
        for escape, is_safe in ((np.sort(cost, 1)[:, 2], True), (np.full(5, 30.0), False)):
            gain = escape[client] - cost[client, site]
            gains = Gains.of(client, site, gain, clients=5, sites=3)
            problem = instance(gains, np.zeros(3), p=1)
            choice = choose(gains, np.zeros(3), p=1, gap_allowed=0.0).value
            made = certify(problem, choice.open, choice.price, choice.toll)
            least_cost = escape.sum() - check(problem, made).bound
            if is_safe:
                assert least_cost <= true_best + 1e-9
            else:
                wrong += least_cost > true_best + 1e-9
    assert wrong > 0  # the rule is needed: a dearer escape "proves" what is not so
