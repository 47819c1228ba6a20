#!/usr/bin/env python3
"""Checks that every option of the configuration is read by some code: one that is not is a promise
that nobody keeps."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from sources import module_of, sources, text_of

OPTION = re.compile(r"^PEREGRINE_OPTION\((\w+), (\w+),", re.MULTILINE)
# The mark of a file that is not part of the program.
BESIDE = ("_test", "_fuzz", "_bench")


def main() -> int:
    options = OPTION.findall(text_of(Path("config/options.def")))
    read = {match
            for path in sources(".h", ".cpp")
            if not path.stem.endswith(BESIDE)
            for match in re.findall(r"(?:\.|->)(\w+)\b", text_of(path))
            # Listeners are put together in config, for the supervisor.
            if module_of(path) != "config" or path.name == "settings.cpp"}
    unread = [f"{section}.{member}" for section, member in options if member not in read]
    if not options:
        unread = ["config/options.def could not be read"]
    print("\n".join(f"the option {each} is read nowhere" for each in unread) if unread
          else f"{len(options)} options are all read")
    return 1 if unread else 0


if __name__ == "__main__":
    sys.exit(main())
