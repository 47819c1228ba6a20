#!/usr/bin/env python3
"""Checks that calls which caused faults elsewhere stay in the one folder that may use them, or out
of the program. A row: pattern, folders that may, what to do instead."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from sources import sources, text_of

# In code, comments left out.
CODE_ROWS = [
    (r"\b(?:strcpy|strcat|sprintf|vsprintf|strtok|strncpy|gets|alloca)\s*\(", (),
     "use std::string and fmt"),
    (r"\b(?:system|popen|posix_spawn|wordexp)\s*\(", (), "no shell and no program is ever run"),
]
# In code that is part of the program, not in tests beside it.
PROGRAM_ROWS = [
    (r"\bexec(?:l|le|lp|v|ve|vp|vpe|veat)\s*\(", ("sys",), "only sys starts processes"),
    (r"\bstd::unordered_(?:map|set)<\s*(?:std::string|Bytes)", (),
     "keys from outside need an ordered map"),
    (r"\busing namespace\b(?! std::\w+_literals;)", (), "name what you use"),
    (r"\b(?:sigaction|signal|setjmp|longjmp|siglongjmp)\s*\(", ("sys",),
     "signals arrive as readable descriptors, through sys"),
]
# Anywhere, comments included.
TEXT_ROWS = [(r"\b(?:TODO|FIXME|XXX)\b", (), "finish it, or leave it out")]

COMMENT = re.compile(r"//[^\n]*")
BESIDE = ("_test", "_fuzz", "_bench")


def find(path: Path, text: str, rows: list) -> list[str]:
    return [f"src/{path}:{text.count(chr(10), 0, match.start()) + 1}: {match[0].strip()}: {instead}"
            for pattern, folders, instead in rows if path.parts[0] not in folders
            for match in re.finditer(pattern, text)]


def main() -> int:
    problems = []
    for path in sources(".h", ".cpp", ".def"):
        text = text_of(path)
        code = COMMENT.sub("", text)
        problems += find(path, code, CODE_ROWS) + find(path, text, TEXT_ROWS)
        if not path.stem.endswith(BESIDE):
            problems += find(path, code, PROGRAM_ROWS)
    print("\n".join(problems) if problems else "nothing banned is used")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
