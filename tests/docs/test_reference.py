"""The reference pages say what the code does."""

import importlib.util
from pathlib import Path

import pytest

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def generator():
    """The script that writes the pages."""
    spec = importlib.util.spec_from_file_location("generate", REFERENCE / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["city-folder.md", "plan-folder.md", "commands.md"])
def test_a_page_is_as_the_code_makes_it(page):
    written = (REFERENCE / page).read_text(encoding="utf-8")
    assert written == generator().PAGES[page](), "run `python docs/reference/generate.py`"
