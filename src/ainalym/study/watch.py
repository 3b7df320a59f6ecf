"""Whoever watches a study: what it is told, and how it asks to stop."""

from ainalym.model.city import City


class Silent:
    """Watches a study and says nothing."""

    is_interrupted = False
    """Whether somebody asked to stop."""

    def step(self, said: str) -> None:
        """Hear what is being done now."""

    def note(self, said: str, share: float) -> None:
        """Hear which part of a step is done, and which share of it."""

    def meet(self, scale: float, unit: str) -> None:
        """Hear in which unit objectives are read, and how many of the plan's own make one."""

    def progress(self, seconds_s: float, objective: float, bound: float) -> None:
        """Hear how far the search is."""


def start(watch: Silent, city: City, said: str) -> None:
    """Say that a search begins, and in which unit its progress will be.

    Parameters
    ----------
    watch
        Who is told.
    city
        Has the unit of the objective.
    said
        What is searched.
    """
    from ainalym.report.words import objective_unit

    watch.meet(*objective_unit(city))
    watch.step(said)
