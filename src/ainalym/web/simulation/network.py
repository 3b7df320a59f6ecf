"""A bad network: requests get lost, answers get lost, some come twice, the site goes away."""

import json
import random
import threading
import time
from collections import Counter
from http.client import HTTPConnection, HTTPException
from typing import Any, NamedTuple

from ainalym.errors import OutsideError

LOST, UNANSWERED, TWICE = 0.02, 0.02, 0.02
"""Shares of requests that never arrive, whose answer never comes, that arrive twice."""

PATIENCE_S = 120.0
PAUSE_S = 0.05
TIMEOUT_S = 60.0


class Answer(NamedTuple):
    """What the site said at last: status of HTTP, and parsed JSON."""

    status: int
    told: Any


class Network:
    """Counts what happened on the way; all clients share it.

    Parameters
    ----------
    port
        Where the site is.
    bad
        Whether anything gets lost.
    """

    def __init__(self, port: int, *, bad: bool = True) -> None:
        self.port, self.bad = port, bad
        self.seen: Counter[str] = Counter()
        self.took_s: list[float] = []
        self._turn = threading.Lock()

    def count(self, what: str) -> None:
        """Count something that happened on the way."""
        with self._turn:
            self.seen[what] += 1

    def took(self, seconds: float) -> None:
        """Remember how long an answer took."""
        with self._turn:
            self.took_s.append(seconds)


class Client:
    """A program with one person's token that sends until it is answered.

    Parameters
    ----------
    network
        What it speaks over.
    token
        Of its person.
    chance
        Decides what gets lost.
    """

    def __init__(self, network: Network, token: str, chance: random.Random) -> None:
        self._network, self._chance = network, chance
        self._headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
        self._headers["Content-Type"] = "application/json"
        self._line: HTTPConnection | None = None

    def get(self, address: str) -> dict:
        """Ask until there is an answer."""
        return self._until_answered("GET", address, None).told

    def get_list(self, address: str) -> list[dict]:
        """Ask for a list until there is an answer."""
        return self._until_answered("GET", address, None).told

    def tell(self, *deeds: dict) -> Answer:
        """Tell deeds together, under the same ids however often it takes."""
        return self._until_answered("POST", "/deeds", {"deeds": list(deeds)})

    def post(self, address: str, told: dict) -> dict:
        """Send something else."""
        return self._until_answered("POST", address, told).told

    def _until_answered(self, method: str, address: str, told: dict | None) -> Answer:
        patience = time.monotonic() + PATIENCE_S
        body = None if told is None else json.dumps(told)
        while True:
            fate = self._chance.random() if self._network.bad else 1.0
            if fate < LOST:
                self._network.count("requests lost")
                continue
            try:
                answer = self._send(method, address, body)
                if fate < LOST + TWICE:
                    self._network.count("requests sent twice")
                    answer = self._send(method, address, body)
                if fate > 1.0 - UNANSWERED and self._network.bad:
                    self._network.count("answers lost")
                    continue
                if answer.status < 500:
                    return answer
                self._network.count("site out of order")
            except (OSError, HTTPException):
                self.close()
                self._network.count("site away")
            if time.monotonic() > patience:
                raise OutsideError(f"{method} {address} was not answered for {PATIENCE_S:.0f} s")
            time.sleep(PAUSE_S)

    def _send(self, method: str, address: str, body: str | None) -> Answer:
        if self._line is None:
            self._line = HTTPConnection("127.0.0.1", self._network.port, timeout=TIMEOUT_S)
        began_s = time.perf_counter()
        self._line.request(method, f"/api/v1{address}", body, self._headers)
        response = self._line.getresponse()
        said = response.read()
        self._network.took(time.perf_counter() - began_s)
        return Answer(response.status, json.loads(said) if said else {})

    def close(self) -> None:
        """Hang up."""
        if self._line is not None:
            self._line.close()
            self._line = None
