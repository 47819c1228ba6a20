"""A network of the test's own, in which any address can be this machine's."""

from __future__ import annotations

import ctypes
import os
import subprocess
from contextlib import contextmanager

import pytest

CLONE_NEWNET = 0x40000000


@contextmanager
def network_of(*addresses: str):
    """Inside, this thread and what it starts see a loopback interface with these addresses, and
    nothing else. Skips the test without the right to make one."""
    libc = ctypes.CDLL(None, use_errno=True)
    outside = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        if libc.unshare(CLONE_NEWNET) != 0:
            pytest.skip(f"no network namespace: {os.strerror(ctypes.get_errno())}")
        try:
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
            for address in addresses:
                subprocess.run(["ip", "address", "add", address, "dev", "lo"], check=True)
            yield
        finally:
            assert libc.setns(outside, CLONE_NEWNET) == 0
    finally:
        os.close(outside)
