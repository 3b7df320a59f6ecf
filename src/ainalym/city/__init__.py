"""A city in, a city out: folders, extracts, roads."""

from ainalym.city.read import read, scenarios
from ainalym.city.write import write

__all__ = ["read", "scenarios", "write"]
