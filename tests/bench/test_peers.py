"""Peers that are there give the optimum of small instances; those that cannot say so."""

import importlib

import pytest

from bench import job, sites
from bench.claims import Row
from bench.kinds import Kind
from bench.peers.roster import PEERS
from bench.peers.told import CannotError, Clock
from bench.runner import alone

KNOWN = {
    Kind.MEDIAN: ("small p-median 200/20", 139221.48725456386),
    Kind.FACILITY: ("small facility 200x50", 2134273.9273747094),
    Kind.COVER: ("small cover 1000x50", 3180.0),
    Kind.GRADUAL: ("small gradual 1000x50", 3523.296497600812),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("peer", "kind"), [(peer, kind) for peer in PEERS for kind in sorted(peer.kinds)]
)
def test_a_peer_that_is_installed_finds_the_optimum(peer, kind):
    if not peer.is_installed:
        pytest.skip(f"{peer.package} is not installed: make bench WITH=--peers installs it")
    if not peer.is_exact:
        pytest.skip(f"{peer.name} promises no optimum")
    name, best = KNOWN[kind]
    told = alone(Row(instance=name, kind=kind), peer.name, seconds=60.0)
    assert told["status"] == "proven", told
    assert told["objective"] == pytest.approx(best, rel=1e-6)


def test_medoids_refuse_weights():
    pytest.importorskip("kmedoids")
    solve = importlib.import_module("bench.peers.kmedoids").solve
    instance = sites.p_median_among(60, 10, 3)
    with pytest.raises(CannotError, match="no weights"):
        solve(instance, Clock(instance, seconds=1.0, marks=(), known=None))


def test_a_matrix_that_cannot_fit_is_refused_before_anything_is_imported():
    with pytest.raises(CannotError, match="full matrix takes 15,258 MB, 14,000 MB are allowed"):
        job._solver("pbp-pmedian", 14_000, 1_000_000 * 1000)
