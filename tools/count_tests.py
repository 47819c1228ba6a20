#!/usr/bin/env python3
"""Counts tests in JUnit files: prints "PASSED FAILED". count_tests.py (ctest|pytest) FILE

For ctest, whose entries are GoogleTest programs, the tests inside each program are counted. A file
that is missing or unreadable counts as one failure.
"""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ElementTree

PASSED = re.compile(r"^\[  PASSED  \] (\d+) tests?", re.MULTILINE)
FAILED = re.compile(r"^\[  FAILED  \] (\d+) tests?", re.MULTILINE)


def count_program(case: ElementTree.Element) -> tuple[int, int]:
    output = case.findtext("system-out") or ""
    passed, failed = (sum(map(int, pattern.findall(output))) for pattern in (PASSED, FAILED))
    succeeded = case.get("status") == "run"
    if succeeded and passed == 0:
        passed = 1
    if not succeeded and failed == 0:
        failed = 1
    return passed, failed


def count_case(case: ElementTree.Element) -> tuple[int, int]:
    if case.find("skipped") is not None:
        return 0, 0
    bad = case.find("failure") is not None or case.find("error") is not None
    return (0, 1) if bad else (1, 0)


def main() -> None:
    kind, file = sys.argv[1:]
    count = count_program if kind == "ctest" else count_case
    try:
        cases = list(ElementTree.parse(file).iter("testcase"))
    except (OSError, ElementTree.ParseError):
        print(0, 1)
        return
    counts = [count(case) for case in cases]
    passed, failed = (sum(column) for column in zip(*counts)) if counts else (0, 1)
    print(passed, failed)


if __name__ == "__main__":
    main()
