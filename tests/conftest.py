"""Fixtures that all test folders share: servers, accounts, source addresses."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from lib.connection import next_source  # noqa: E402
from lib.server import Server, binary  # noqa: E402

# Password hashing at its cheapest: the tests log in some thousand times.
CHEAP = {"auth.argon2_memory": "8 MiB", "auth.argon2_passes": 1}
RELAXED = {**CHEAP, "auth.allow_plaintext_loopback": True}

_counter = itertools.count(1)


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes more than about five seconds")
    config.addinivalue_line("markers", "no_server: needs no binary")


def pytest_collection_modifyitems(items):
    if binary().exists():
        return
    skip = pytest.mark.skip(reason=f"{binary()} is not built; PEREGRINE_BINARY names another")
    for item in items:
        if "no_server" not in item.keywords:
            item.add_marker(skip)


def _running(options: dict):
    server = Server(options)
    try:
        yield server.create().start()
        if server.process is not None:
            assert server.stop() == 0
    finally:
        server.destroy()


@pytest.fixture(scope="session")
def shared_server():
    """A server for tests that leave it as they found it. Logging in without TLS is allowed."""
    yield from _running(RELAXED)


@pytest.fixture(scope="session")
def strict_server():
    """A server as `init` leaves it, but for the cost of hashing."""
    yield from _running(CHEAP)


@pytest.fixture(scope="session")
def outbound_server():
    """A server that may send mail out. Nothing is submitted to it that would leave."""
    yield from _running({**RELAXED, "outbound.enabled": True})


@pytest.fixture
def make_server():
    """Makes servers of the test's own: make_server(options, start=True)."""
    made: list[Server] = []

    def make(options: dict | None = None, *, start: bool = True, **kwargs) -> Server:
        server = Server({**RELAXED, **(options or {})}, **kwargs)
        made.append(server)
        server.create()
        return server.start() if start else server

    yield make
    for server in made:
        server.destroy()


@pytest.fixture
def server(make_server):
    """A fresh running server."""
    return make_server()


@pytest.fixture
def new_user(shared_server):
    """Adds accounts to the shared server; returns their addresses."""
    def add(prefix: str = "user") -> str:
        return shared_server.add_account(f"{prefix}{next(_counter)}")
    return add


@pytest.fixture
def user(new_user):
    """The address of a new account on the shared server."""
    return new_user()


@pytest.fixture
def source():
    """A loopback address of the test's own, so that its errors count against nobody else."""
    return next_source()
