#!/usr/bin/env python3
"""Checks that every header compiles alone: check_headers.py BUILD_DIRECTORY

The flags are those of a source of the same module in the build's compile_commands.json. What passed
is remembered in the build directory by the content of the header and of all that it includes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sources import ROOT, SOURCE, module_of, reachable_from, sources, text_of

JOBS = os.cpu_count() or 2


def flags_by_module(build: Path) -> dict[str, list[str]]:
    flags = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        file = Path(entry["file"])
        if not file.is_relative_to(SOURCE):
            continue
        words = shlex.split(entry["command"])
        if Path(words[0]).name == "ccache":
            words = words[1:]
        kept, skip = [], False
        for word in words:
            if skip or word in ("-c", entry["file"]):
                skip = False
            elif word in ("-o", "-MF", "-MT", "-MQ"):
                skip = True
            elif not word.startswith("-M"):
                kept.append(word)
        module = flags.setdefault(module_of(file.relative_to(SOURCE)), kept)
        # What only the module's tests are given, their headers need too.
        module += [word for word in kept if word.startswith("-D") and word not in module]
    # A header may lead to that of another module's library.
    folders = dict.fromkeys(pair for words in flags.values() for pair in zip(words, words[1:])
                            if pair[0] == "-isystem")
    shared = [word for pair in folders for word in pair]
    return {module: words + shared for module, words in flags.items()}


def fingerprint(header: Path, command: list[str]) -> str:
    digest = hashlib.sha256("\0".join(command).encode())
    for path in reachable_from(header):
        digest.update(f"\0{path}\0{text_of(path)}".encode())
    return digest.hexdigest()


def compile_alone(header: Path, command: list[str]) -> str:
    """What the compiler complains about; empty when nothing."""
    done = subprocess.run([*command, "-fsyntax-only", "-x", "c++", "-"], cwd=ROOT, text=True,
                          input=f'#include "{header}"\n', capture_output=True)
    return "" if done.returncode == 0 else done.stderr or "the compiler failed"


def main() -> int:
    build = Path(sys.argv[1]).resolve()
    flags = flags_by_module(build)
    if not flags:
        sys.exit(f"{build} has no commands for files of src")
    remembered = build / "headers-that-compile.txt"
    passed = set(remembered.read_text().split()) if remembered.exists() else set()

    headers = sources(".h")
    # A module without sources of its own borrows the flags of any other.
    commands = {each: flags.get(module_of(each)) or next(iter(flags.values())) for each in headers}
    prints = {each: fingerprint(each, commands[each]) for each in headers}
    todo = [each for each in headers if prints[each] not in passed]
    with ThreadPoolExecutor(JOBS) as pool:
        complaints = dict(zip(todo, pool.map(lambda each: compile_alone(each, commands[each]), todo)))

    failed = [each for each in todo if complaints[each]]
    remembered.write_text("".join(f"{prints[each]}\n" for each in headers if each not in failed))
    for each in failed:
        print(f"src/{each} does not compile alone:\n{complaints[each]}")
    if not failed:
        print(f"{len(headers)} headers compile alone, {len(todo)} of them tried now")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
