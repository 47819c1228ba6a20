"""What the live processes may do, read from /proc (section 5.2 of the threat model)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROLES = ("front", "login", "mx", "imap", "pop3", "core")


def status_fields(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


@pytest.mark.parametrize("role", ROLES)
def test_role_is_sealed(shared_server, role):
    for pid in shared_server.role_pids(role):
        fields = status_fields(pid)
        assert fields["NoNewPrivs"] == "1"
        assert fields["Seccomp"] == "2", "a filter is installed"
        assert int(fields["CapEff"], 16) == 0
        assert int(fields["CapPrm"], 16) == 0
        limits = Path(f"/proc/{pid}/limits").read_text()
        core = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
        assert core.split()[4] == "0"


@pytest.mark.parametrize("role", ("front", "login", "mx", "imap", "pop3"))
def test_workers_hold_no_files(shared_server, role):
    """A worker has sockets, pipes and event descriptors; nothing of the data directory."""
    for pid in shared_server.role_pids(role):
        for entry in os.listdir(f"/proc/{pid}/fd"):
            try:
                target = os.readlink(f"/proc/{pid}/fd/{entry}")
            except OSError:
                continue
            assert str(shared_server.data) not in target, (role, target)


def test_core_listens_on_no_network_socket(shared_server):
    inodes = set()
    for name in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A":
                inodes.add(fields[9])
    for role in ("core", "login", "mx", "imap", "pop3"):
        for pid in shared_server.role_pids(role):
            for entry in os.listdir(f"/proc/{pid}/fd"):
                try:
                    target = os.readlink(f"/proc/{pid}/fd/{entry}")
                except OSError:
                    continue
                if target.startswith("socket:["):
                    assert target[8:-1] not in inodes, (role, target)
