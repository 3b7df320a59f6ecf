"""The site on a port of this computer, by the server that people get."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Wrapped = Callable[[Callable], Callable]


@contextmanager
def served(wrapped: Wrapped = lambda site: site) -> Iterator[str]:
    """Serve the settled programme until the end of the block; gives its address.

    Parameters
    ----------
    wrapped
        Puts something between the network and the site: one that drops answers, say.
    """
    from waitress.server import create_server

    from ainalym.web.serve import application

    server = create_server(wrapped(application()), host="127.0.0.1", port=0, threads=4)
    ended = threading.Event()

    def run() -> None:
        try:
            server.run()
        except (OSError, ValueError):
            # Its sockets are closed under it while it waits for them.
            if not ended.is_set():
                raise

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.effective_port}"
    finally:
        ended.set()
        server.close()
        server.task_dispatcher.shutdown()
        thread.join(5)
