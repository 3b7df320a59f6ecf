"""Decisions: a city in, a plan with a bound out."""

from ainalym.plan.check import recount
from ainalym.plan.search import design

__all__ = ["design", "recount"]
