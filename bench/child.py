"""Where one fresh process begins: its limits, and who may speak; `bench.job` is the work.

`python -m bench.child JOB` takes its job as JSON and writes JSON lines; the runner starts it.
"""

import json
import os
import resource
import signal
import sys
from typing import Any
from unittest import mock

from bench.peers.roster import BY_NAME, OURS


def main(words: list[str]) -> int:
    """Run one job."""
    job = json.loads(words[0])
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    resource.setrlimit(resource.RLIMIT_AS, (job["cap_mb"] << 20, job["cap_mb"] << 20))
    # Solvers greet and log on standard output, some from within C, where only we may speak.
    told = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if job["solver"] != OURS and BY_NAME[job["solver"]].package == "ortools":
        # It brings a HiGHS of its own under the name of ours, and one process holds only one. Ours
        # is not asked for anything there.
        sys.modules["highspy"] = mock.MagicMock()

    def say(**what: Any) -> None:
        told.write(json.dumps(what) + "\n")
        told.flush()

    from bench.job import CannotError, run

    try:
        run(job, say)
    except MemoryError:
        say(status="out of memory")
    except CannotError as why:
        say(status="cannot", note=str(why))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
