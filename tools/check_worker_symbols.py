#!/usr/bin/env python3
"""Proves with the linker that a worker cannot reach the store: check_worker_symbols.py BUILD_DIRECTORY

One binary holds all roles, so the proof is a program for each worker, linked from that worker's
library, whole, and what it depends on (cmake/PeregrineLinkCheck.cmake). None may hold a symbol of
the store or of its engine. The server itself must hold some, or the check looks for the wrong names.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROLES = ("front", "login", "smtpd", "imapd", "pop3d", "courier", "resolver")
FORBIDDEN = re.compile(r"\b(?:peregrine::store|rocksdb)::")


def symbols(program: Path) -> list[str]:
    done = subprocess.run(["nm", "-C", program], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def check(build: Path, role: str) -> list[str]:
    program = build / f"linkcheck/linkcheck_{role}"
    if not program.exists():
        return [f"{program} is not built"]
    names = symbols(program)
    if not any(f"peregrine::{role}::" in name for name in names):
        return [f"{program} holds nothing of peregrine::{role}: it proves nothing"]
    found = [name for name in names if FORBIDDEN.search(name)]
    return [f"the worker {role} holds {len(found)} symbols of the store, such as {found[0]}"
            ] if found else []


def main() -> int:
    build = Path(sys.argv[1])
    problems = [problem for role in ROLES for problem in check(build, role)]
    server = build / "peregrine"
    if not server.exists():
        problems.append(f"{server} is not built")
    elif not any(FORBIDDEN.search(name) for name in symbols(server)):
        problems.append(f"{server} holds no symbol of the store: this check looks for wrong names")
    print("\n".join(problems) if problems else f"{len(ROLES)} workers hold no symbol of the store")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
