"""Stands between a site and its PostgreSQL server, as a network does that may fail."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import parse_qsl, urlencode, urlsplit


class Between:
    """A port of this computer that leads to a server, until it is cut.

    Parameters
    ----------
    server
        Its address.
    """

    def __init__(self, server: str) -> None:
        parts = urlsplit(server)
        asked = dict(parse_qsl(parts.query))
        folder = asked.pop("host", "")
        port = parts.port or int(asked.pop("port", 5432))
        self._server = f"{folder}/.s.PGSQL.{port}" if folder else (parts.hostname, port)
        self._open: list[socket.socket] = []
        self._ear = socket.create_server(("127.0.0.1", 0))
        self._away = threading.Event()
        self._threads: list[threading.Thread] = []
        user = f"{parts.username or 'postgres'}:{parts.password or ''}".rstrip(":")
        here = f"127.0.0.1:{self._ear.getsockname()[1]}"
        self.address = f"postgresql://{user}@{here}{parts.path}?{urlencode(asked)}"
        self._start(self._listen)

    def cut(self) -> int:
        """End all connections, and tell how many there were."""
        were, self._open = self._open, []
        for one in were:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        return len(were) // 2

    @contextmanager
    def away(self) -> Iterator[None]:
        """Lead nowhere until the end of the block."""
        self._away.set()
        self.cut()
        yield
        self._away.clear()

    def close(self) -> None:
        """Lead nowhere any more."""
        with suppress(OSError):
            self._ear.shutdown(socket.SHUT_RDWR)
        self.cut()
        for thread in self._threads:
            thread.join(10)
        self._ear.close()

    def _start(self, work: Callable, *given: socket.socket) -> None:
        thread = threading.Thread(target=work, args=given, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                ours, _ = self._ear.accept()
                if self._away.is_set():
                    ours.close()
                    continue
                family = socket.AF_UNIX if isinstance(self._server, str) else socket.AF_INET
                theirs = socket.socket(family)
                theirs.connect(self._server)
                self._open += [ours, theirs]
                for ends in ((ours, theirs), (theirs, ours)):
                    self._start(_carry, *ends)


def _carry(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while octets := source.recv(1 << 16):
            target.sendall(octets)
    for one in (source, target):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
    source.close()
