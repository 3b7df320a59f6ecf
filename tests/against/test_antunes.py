"""The published case of central Portugal, to the cent."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from ainalym.answer import Status  # noqa: E402
from bench.peers import antunes  # noqa: E402

FOLDER = ROOT.parent / "shared" / "data" / "antunes"
pytestmark = pytest.mark.slow

STATIONS = (
    {
        *("Estarreja", "Ilhavo", "Oliveira de Azemeis", "Sever do Vouga", "Coimbra", "Gois"),
        *("Montemor-o-Velho", "Pampilhosa da Serra", "Ansiao"),
    },
    {
        *("Aveiro", "Estarreja", "Oliveira de Azemeis", "Sever do Vouga", "Coimbra"),
        *("Figueira da Foz", "Gois", "Pampilhosa da Serra", "Ansiao"),
    },
)


@pytest.fixture(scope="module")
def region() -> antunes.Region:
    """Read the 36 municipalities."""
    pytest.importorskip("xlrd", reason="the case is an .xls workbook")
    if not FOLDER.is_dir():
        pytest.skip("the published data of central Portugal are not at hand")
    return antunes.read(FOLDER)


@pytest.mark.parametrize("variant", [False, True], ids=["paper", "variant"])
def test_the_optimum_is_the_published_one(region, variant):
    layout = antunes.design(region, variant=variant)
    assert layout.answer.status is Status.OPTIMAL
    assert layout.answer.objective == pytest.approx(antunes.PUBLISHED_EUR[variant], rel=1e-9)
    assert layout.answer.bound == pytest.approx(antunes.PUBLISHED_EUR[variant], rel=1e-6)
    assert set(layout.stations) == STATIONS[variant]
    assert layout.incinerator == "Agueda"


def test_the_waste_adds_up_to_the_published_total(region):
    assert region.waste_t.sum() == pytest.approx(493_534.75)
