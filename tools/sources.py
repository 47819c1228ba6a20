"""The sources as the checks see them: files, modules, include lines. A module is a folder of src."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src"
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)


def sources(*suffixes: str) -> list[Path]:
    """All files below src with one of the suffixes, relative to src, in order."""
    return sorted(path.relative_to(SOURCE) for path in SOURCE.rglob("*") if path.suffix in suffixes)


def module_of(path: Path | str) -> str:
    return Path(path).parts[0]


@lru_cache(maxsize=None)
def text_of(path: Path) -> str:
    return (SOURCE / path).read_text(encoding="utf-8")


@lru_cache(maxsize=None)
def includes_of(path: Path) -> tuple[tuple[int, str, bool], ...]:
    """(line, name, is_quoted) of each include line."""
    text = text_of(path)
    return tuple(
        (text.count("\n", 0, match.start()) + 1, match[1] or match[2], match[1] is not None)
        for match in INCLUDE.finditer(text))


def project_includes(path: Path) -> list[Path]:
    """The files of src that `path` includes; generated ones are left out."""
    return [Path(name) for _, name, quoted in includes_of(path)
            if quoted and (SOURCE / name).is_file()]


def reachable_from(path: Path) -> list[Path]:
    """`path` and all files of src that it includes, directly or not, in a fixed order."""
    seen, queue = {path}, [path]
    while queue:
        for each in project_includes(queue.pop()):
            if each not in seen:
                seen.add(each)
                queue.append(each)
    return sorted(seen)
