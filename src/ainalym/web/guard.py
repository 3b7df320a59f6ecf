"""What stands before every page: headers that browsers obey, and limits to haste."""

import threading
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from ainalym.web.refusals import refused

POLICY = "; ".join(
    (
        "default-src 'none'",
        *(f"{what}-src 'self'" for what in ("script", "style", "connect", "font", "manifest")),
        "img-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
"""No page has a script or a style inside it, so that none can be smuggled in."""

A_MINUTE_S = 60.0
SIGN_INS = 30
"""Tries to sign in, in a minute from one address."""

View = Callable[[HttpRequest], HttpResponse]


def headers(view: View) -> View:
    """Tell browsers to run nothing that is not ours, and to show us in nobody's frame."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = view(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers["X-Frame-Options"] = "DENY"
        response.headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
        if request.path.startswith("/static/"):
            return response
        # Pages show one person's figures: no cache on the way may keep them.
        response.headers.setdefault("Cache-Control", "no-store, private")
        return response

    return answer


class Meter:
    """Counts what each address asks for in the running minute; all threads share it."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.most = most
        self._clock = clock
        self._turn = threading.Lock()
        self._minute = -1
        self._asked: dict[str, int] = {}

    def over(self, who: str) -> bool:
        """Count one request, and tell whether it is one too many."""
        minute = int(self._clock() // A_MINUTE_S)
        with self._turn:
            if minute != self._minute:
                self._minute, self._asked = minute, {}
            self._asked[who] = self._asked.get(who, 0) + 1
            return self._asked[who] > self.most


def limits(view: View) -> View:
    """Refuse whoever asks for too much in one minute."""
    pages, sign_ins = Meter(settings.REQUESTS_PER_MINUTE), Meter(SIGN_INS)

    def answer(request: HttpRequest) -> HttpResponse:
        who = request.META.get("REMOTE_ADDR", "")
        trying = request.method == "POST" and request.path.endswith("/sign-in")
        if pages.over(who) or (trying and sign_ins.over(who)):
            response = refused(request, 429)
            response.headers["Retry-After"] = "60"
            return response
        return view(request)

    return answer
