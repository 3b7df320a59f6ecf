"""The process of a simulated site: `python -m ainalym.web.simulation`, started by `host`."""

import json
import mmap
import os
import sys
from pathlib import Path

from ainalym.model.entry import tell_time_by
from ainalym.web.serve import first_people, ready, run
from ainalym.web.simulation.host import CLOCK_BYTES, SAID

DAYS = 365
"""A token's, in simulated time."""


def _serve(data: Path, *, database: str, port: int, wants_tokens: bool) -> None:
    """Serve in simulated time until killed; the first line said is the tokens, as JSON."""
    with (data / "clock").open("rb") as file:
        clock = mmap.mmap(file.fileno(), CLOCK_BYTES, access=mmap.ACCESS_READ)
    tell_time_by(lambda: int.from_bytes(clock[:], sys.byteorder))
    ready(data, database=database, requests_per_minute=1 << 30)
    first_people(data, demo=True)
    tokens = _tokens() if wants_tokens else {}

    def opened() -> None:
        sys.stdout.write(f"{json.dumps(tokens)}\n")
        sys.stdout.flush()

    run(host="127.0.0.1", port=port, behind_proxy=False, opened=opened)


def _tokens() -> dict[str, str]:
    from ainalym.web.people.models import Person
    from ainalym.web.people.tokens import issue

    return {one.name: issue(one, "simulation", days=DAYS) for one in Person.objects.all()}


if __name__ == "__main__":
    _told = json.loads(os.environ.pop(SAID))
    _serve(Path(_told.pop("data")), **_told)
