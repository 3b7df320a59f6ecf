"""Figures add up: stages fall, money sums to value, parts sum to the whole."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ainalym.report import costs, emissions, figures, network
from tests.report.cases import empty_outcome, tiny_outcome


@pytest.fixture(scope="module")
def told():
    return tiny_outcome()


def test_stages_are_those_of_the_tally_and_fall(told):
    city, _, outcome = told
    table = figures.stages(city, outcome.tally)
    assert len(table.rows) == city.programme.years * len(city.fractions)
    for stage in figures.STAGES:
        want = getattr(outcome.tally, f"{stage}_kg").sum() / 1000
        assert sum(table.column(f"{stage}_t")) == pytest.approx(want)
    for row in table.rows:
        thrown, captured, _, sold, made = row[2:7]
        assert thrown >= captured >= sold >= made - 1e-12


def test_shares_are_of_what_is_thrown_away(told):
    city, _, outcome = told
    table = figures.stages_by_fraction(city, outcome.tally)
    for row in table.rows:
        assert row[6:] == pytest.approx([stage / row[1] for stage in row[2:6]])


def test_money_sums_to_the_value(told):
    city, _, outcome = told
    table = figures.money(city, outcome.tally)
    rows = {row[0]: row[1:] for row in table.rows}
    headings = [row[1:] for row in table.rows[: -table.sums]]
    assert np.sum(headings, axis=0) == pytest.approx(rows["all together"])
    value_major = outcome.tally.value_minor / 100
    assert rows["discounted"][-1] == pytest.approx(value_major)


def test_parts_of_the_money_sum_to_each_heading(told):
    city, travel, outcome = told
    split = costs.by_part(city, travel, outcome.plan, outcome.tally)
    for name, line in outcome.tally.money_minor.items():
        assert split[name].sum() == pytest.approx(line.sum()), name


def test_pressing_stands_apart_from_sorting(told):
    city, travel, outcome = told
    split = costs.by_part(city, travel, outcome.plan, outcome.tally)
    # 900 kg of bricks for 100, and the 1,000 kg of dust they are pressed of at 1.
    assert split["sales"][2] == pytest.approx(90_000)
    assert split["processing"][2] == pytest.approx(-1_000)
    assert split["investment"][2] == pytest.approx(-125_000)
    per_t = costs.cost_per_tonne(city, travel, outcome.plan, outcome.tally)
    assert "pressing" in per_t.rows[-1][0]


def test_a_fund_carries_over_what_it_does_not_spend(told):
    city, _, outcome = told
    table = figures.funds(city, outcome.tally)
    for source in {row[0] for row in table.rows}:
        mine = [row for row in table.rows if row[0] == source]
        left = 0.0
        for _, _, _, given_, spent, carried in mine:
            left += given_ - spent
            assert carried == pytest.approx(left)
            assert carried >= -1e-9
    spent = sum(row[4] for row in table.rows)
    assert spent == pytest.approx(-outcome.tally.money_minor["investment"].sum() / 100)


def test_who_needs_a_subsidy_is_named_with_the_amount(told):
    city, _, outcome = told
    table = figures.subsidised(city, outcome)
    assert [(row[1], row[2], row[5]) for row in table.rows] == [("pt.2", "2005", 1050.0)]
    earned = figures.keepers(city, outcome)
    least = city.programme.keeper_minor_per_year / 100
    assert min(earned.column("earns_kzt")) >= least - 1e-9


def test_lines_work_no_more_than_they_can(told):
    city, _, outcome = told
    for room, used in network.lines_t(city, outcome.plan).values():
        assert np.all(used <= room * (1 + 1e-9))
    worked = sum(network.lines(city, outcome.plan).column("worked_t"))
    # In the last year the line takes 5,400 + 1,750 kg and the press 1,000 kg of dust.
    assert worked == pytest.approx(8.15)


def test_what_is_built_costs_what_is_invested(told):
    city, _, outcome = told
    table = network.built(city, outcome.plan)
    stockpile = 250.0  # is no row of its own: it is paid with its first press
    invested = -outcome.tally.money_minor["investment"].sum() / 100
    assert sum(table.column("capex_kzt")) + stockpile == pytest.approx(invested)


def test_sales_and_disposal_are_the_tally_s(told):
    city, _, outcome = told
    table = network.sales(city, outcome.plan)
    years = city.programme.years
    money = outcome.tally.money_minor
    want = (money["sales"].sum() + money["disposal"].sum()) / 100
    assert sum(table.column("pays_kzt_per_year")) * years == pytest.approx(want)


def test_points_take_what_the_tally_captured(told):
    city, _, outcome = told
    table = figures.points(city, outcome)
    last_t = outcome.tally.captured_kg[-1].sum() / 1000
    assert sum(table.column("captured_t")) == pytest.approx(last_t)
    served = sum(table.column("residents"))
    assert served == 400  # the fourth place has no point within reach


def test_avoided_per_tonne_times_tonnes_is_avoided(told):
    city, _, outcome = told
    per_kg = emissions.avoided_per_kg(city, outcome.plan)
    sold_kg = outcome.tally.sold_kg.sum(0)
    for s, name in enumerate(emissions.factor_sets(city)):
        avoided = outcome.tally.emissions_kg[name]["avoided"]
        assert per_kg[s] @ sold_kg == pytest.approx(-avoided)


def test_the_verdict_names_what_moves(told):
    city, _, outcome = told
    assert emissions.verdict(city, outcome.plan)[0] is True
    others = [f for f in city.factors if f.set == "A"]
    city, _, outcome = tiny_outcome(
        factors=(*others, *(type(f)(set="B", material=m, avoided_kg_per_kg=v)
                            for f in others[:1] for m, v in (("paper", 0.1), ("glass", 0.9))))
    )  # fmt: skip
    is_stable, said = emissions.verdict(city, outcome.plan)
    assert not is_stable
    assert said.startswith("flips because of")
    city, _, outcome = tiny_outcome(factors=tuple(others))
    assert emissions.verdict(city, outcome.plan) == (
        False,
        "is not known: there are fewer than two factor sets",
    )


@pytest.mark.parametrize(
    ("sets", "moved"),
    [
        ([[3, 2, 1], [30, 20, 10]], ()),
        ([[3, 2, 1], [3, 3, 1]], ()),
        ([[4, 3, 2, 1], [1, 3, 2, 0.5]], (0,)),
        ([[1, 2, 3, 4], [4, 3, 2, 1]], (0, 1, 2)),
    ],
)
def test_the_fewest_fractions_that_explain_a_flip(sets, moved):
    found = emissions.moving(np.array(sets, float))
    assert len(found) == len(moved)
    if len(moved) < 3:
        assert found == moved


@given(arrays(float, st.tuples(st.integers(2, 3), st.integers(1, 5)), elements=st.integers(-4, 4)))
def test_without_what_moves_the_sets_agree(per_kg):
    moved = emissions.moving(per_kg)
    kept = np.delete(per_kg, moved, axis=1)
    assert emissions.moving(kept) == ()
    for one in moved:
        rest = [f for f in moved if f != one]
        assert emissions.moving(np.delete(per_kg, rest, axis=1)) != ()


def test_a_plan_of_nothing_has_figures_too():
    city, travel, outcome = empty_outcome()
    assert figures.stages_by_year(city, outcome.tally).rows[-1][2] == 0
    assert network.flows(city, travel, outcome.plan).rows == ()
    assert costs.cost_per_tonne(city, travel, outcome.plan, outcome.tally).rows == ()
