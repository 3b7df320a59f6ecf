"""What tests of solvers share."""

import signal

import pytest


@pytest.fixture
def keyboard():
    """Let an interrupt be heard, even where the tests run behind a shell that ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
