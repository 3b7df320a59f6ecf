"""A network between a phone and the site that can fail, and lie."""

import socket
import threading
from contextlib import suppress


class Network:
    """Passes bytes on from a port of its own, as its `mode` says.

    `up`: as it should. `down`: every connection is cut at once. `deaf`: what is sent arrives, and
    the answer is lost.
    """

    def __init__(self, port: int) -> None:
        """Listen on a free port of this computer, for a server on `port`."""
        self.mode = "up"
        self.lost = 0
        self._to = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> "Network":
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self._cut()

    def turn(self, mode: str) -> None:
        """Change the mode; connections that are open are cut."""
        self.mode = mode
        self._cut()

    def _cut(self) -> None:
        for one in [*self._open]:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                phone, _ = self._listener.accept()
                if self.mode == "down":
                    phone.close()
                    continue
                site = socket.create_connection(self._to)
                self._open |= {phone, site}
                for pair in ((phone, site, False), (site, phone, True)):
                    threading.Thread(target=self._pass, args=pair, daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket, back: bool) -> None:
        with suppress(OSError):
            while data := one.recv(1 << 16):
                if back and self.mode == "deaf":
                    self.lost += 1
                    break
                other.sendall(data)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._open.discard(one)
        one.close()
