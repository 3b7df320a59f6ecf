"""What the tests of city folders share."""

import pytest

from ainalym.city import write
from tests.city.toys import toy


@pytest.fixture
def folder(tmp_path):
    """A sound folder, to read or to break."""
    write(toy(), tmp_path / "city")
    return tmp_path / "city"
