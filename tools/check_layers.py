#!/usr/bin/env python3
"""Checks that includes go down: each module includes only what its row allows, each library's
headers stay in the folders that wrap it, and no file includes itself by a detour.

The table is the source layout in docs/architecture.md, in a form that fails. A row lists all of what
the module may include besides itself.
"""

from __future__ import annotations

import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from sources import includes_of, module_of, project_includes, sources

WORKER = "net rpc api role config proto mime model crypto text sys base"
BELOW_WORKERS = f"{WORKER} store mail queue directory greylist remote core supervisor"

ALLOWED = {
    "base": "",
    "text": "base",
    "crypto": "base",
    "sys": "base",
    "model": "text base",
    "mime": "model text base",
    "config": "model base",
    "proto": "model crypto text base",
    "net": "sys crypto base",
    "rpc": "net model sys base",
    "api": "rpc model base",
    "role": "api rpc net config proto model crypto sys base",
    "store": "crypto sys base",
    "directory": "store model crypto text sys base",
    "greylist": "store model crypto base",
    "remote": "store model base",
    "mail": "directory store model crypto text sys base",
    "queue": "store model crypto text sys base",
    "core": "greylist remote mail queue directory store role api rpc net config model crypto text sys base",
    "front": WORKER,
    "login": WORKER,
    "smtpd": WORKER,
    "imapd": WORKER,
    "pop3d": WORKER,
    "courier": WORKER,
    "resolver": "rpc api role net config model sys base",
    "supervisor": "role rpc net config model crypto sys base",
    "cli": f"{BELOW_WORKERS} resolver",
    "main": f"{BELOW_WORKERS} front login smtpd imapd pop3d courier resolver cli",
}

# How a library's headers begin, and the folders that may include them.
LIBRARIES = {
    "boost/": "net",
    "openssl/": "crypto net",
    "argon2.h": "crypto",
    "rocksdb/": "store/rocksdb",
    "zstd.h": "store",
    "toml++/": "config",
    "CLI/": "cli",
    "unicode/": "text",
    "idn2.h": "text",
    "seccomp.h": "sys",
    "unbound": "resolver",
    "google/protobuf/": "api",
}


def check_table() -> list[str]:
    rows = {module: row.split() for module, row in ALLOWED.items()}
    problems = [f"the row of {module} names {each}, which has no row"
                for module, row in rows.items() for each in row if each not in rows]
    try:
        TopologicalSorter(rows).prepare()
    except CycleError as error:
        problems.append(f"the rows form a circle: {' -> '.join(error.args[1])}")
    return problems


def check_includes(path: Path) -> list[str]:
    module = module_of(path)
    if module not in ALLOWED:
        return [f"src/{path}: the folder {module} has no row in tools/check_layers.py"]
    problems = []
    for line, name, quoted in includes_of(path):
        place = f"src/{path}:{line}"
        if quoted:
            target = module_of(name)
            if target != module and target not in ALLOWED[module].split():
                problems.append(f"{place}: {module} may not include {name}")
            continue
        for prefix, folders in LIBRARIES.items():
            if name.startswith(prefix) and not any(
                    path.is_relative_to(folder) for folder in folders.split()):
                problems.append(f"{place}: <{name}> belongs to {folders} alone")
    return problems


def check_circles(paths: list[Path]) -> list[str]:
    try:
        TopologicalSorter({path: project_includes(path) for path in paths}).prepare()
    except CycleError as error:
        return [f"include circle: {' -> '.join(str(each) for each in error.args[1])}"]
    return []


def main() -> int:
    paths = sources(".h", ".cpp", ".def")
    problems = check_table() + [each for path in paths for each in check_includes(path)]
    problems += check_circles(paths)
    print("\n".join(problems) if problems else f"{len(paths)} files keep to their layers")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
