"""What can be asked of a solver of sites; imports nothing, as tables are listed at once."""

from enum import StrEnum


class Kind(StrEnum):
    """What is asked; each solver knows only some of these."""

    MEDIAN = "p-median"
    FACILITY = "facility"
    COVER = "cover"
    GRADUAL = "gradual"
