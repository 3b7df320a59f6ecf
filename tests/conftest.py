"""What every test stands on: no chance, and no guessing where outside data lies."""

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("house", derandomize=True, deadline=None, database=None)
settings.load_profile("house")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave what starts a browser or runs the documentation out of `make quick`."""
    for item in items:
        if item.get_closest_marker("docs") or item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of published data beside the repository; skips the test where there is none."""
    folder = Path(__file__).parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("there is no folder `shared` with published data beside the repository")
    return folder
