"""A simulated programme: its people's programs speak to the real site over a bad network.

    host     keeps the site running in a process of its own (`__main__`), in simulated time
    network  a client whose requests and answers get lost, and which does not give up
    people   what keepers, trucks, stations, plants and the department do on a day
    days     day after day, and the reckoning at the end

Everything that is told comes from one seed. Which requests fail, and when the site is killed, does
not change what stands in the book at the end: that is what is tested.
"""

from ainalym.web.simulation.days import Outcome, simulate

__all__ = ["Outcome", "simulate"]
