"""The site in a process of its own: in simulated time, killed and started again."""

import json
import mmap
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

from ainalym.errors import OutsideError

START_S = 60.0
CLOCK_BYTES = 8
"""The moment it is, in a file that both processes hold in memory."""

SAID = "AINALYM_SIMULATION"
"""Where the site's process finds what it is told."""


class Host:
    """Keeps a site running on a port of this computer.

    Parameters
    ----------
    data
        Its folder.
    database
        `postgresql://...`, or empty for SQLite files in the folder.
    at_ms
        The moment it begins in, milliseconds since 1970 UTC.
    """

    def __init__(self, data: Path, *, database: str, at_ms: int) -> None:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._data, self._database = data, database
        path = data / "clock"
        path.write_bytes(at_ms.to_bytes(CLOCK_BYTES, sys.byteorder))
        with path.open("r+b") as file:
            self._clock = mmap.mmap(file.fileno(), CLOCK_BYTES)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.tokens: dict[str, str] = {}
        self.kills = 0
        self._turn = threading.Lock()
        self._process: subprocess.Popen | None = None

    def set_clock(self, at_ms: int) -> None:
        """Let the site's time go on."""
        self._clock[:] = at_ms.to_bytes(CLOCK_BYTES, sys.byteorder)

    def start(self) -> None:
        """Start the site; on the first start it is set up, and gives a token for each person.

        Raises
        ------
        OutsideError
            It did not come up.
        """
        told = {"data": str(self._data), "database": self._database, "port": self.port}
        told["wants_tokens"] = not self.tokens
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ainalym.web.simulation"],
            env=os.environ | {SAID: json.dumps(told)},
            stdout=subprocess.PIPE,
            text=True,
        )
        said = self._process.stdout.readline()
        if not said:
            raise OutsideError("the simulated site did not start; see what it said above")
        self.tokens = self.tokens or json.loads(said)

    def kill(self) -> None:
        """Kill the site in the middle of whatever it does, and start it again."""
        with self._turn:
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()
            self.kills += 1
            self.start()

    def stop(self) -> None:
        """End the site."""
        with self._turn:
            if self._process is not None:
                self._process.terminate()
                self._process.wait()
                self._process.stdout.close()
                self._process = None
                self._clock.close()
