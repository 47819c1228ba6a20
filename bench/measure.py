"""What a server uses: CPU and memory by control group (version 1), system calls by perf, which
counts in a control group of version 2, so that processes that start later are counted too."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")


class Group:
    """A control group that a server is started in."""

    def __init__(self, name: str):
        self.name = f"bench-{name}-{os.getpid()}"
        self.paths = {kind: ROOT / kind / self.name for kind in ("cpuacct", "memory", "unified")}
        for path in self.paths.values():
            path.mkdir()

    def enter(self) -> None:
        """Moves the calling process in: for Popen's preexec_fn."""
        for path in self.paths.values():
            (path / "cgroup.procs").write_text(str(os.getpid()))

    def pids(self) -> list[int]:
        return [int(pid) for pid in (self.paths["cpuacct"] / "cgroup.procs").read_text().split()]

    def cpu_seconds(self) -> float:
        return int((self.paths["cpuacct"] / "cpuacct.usage").read_text()) / 1e9

    def memory_bytes(self) -> int:
        """Anonymous and kernel memory; not the page cache."""
        stat = (self.paths["memory"] / "memory.stat").read_text()
        anonymous = int(re.search(r"^total_rss (\d+)$", stat, re.MULTILINE)[1])
        kernel = int((self.paths["memory"] / "memory.kmem.usage_in_bytes").read_text())
        return anonymous + kernel

    def kill(self) -> None:
        for pid in self.pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def remove(self) -> None:
        for path in self.paths.values():
            try:
                path.rmdir()
            except OSError:
                pass  # a process is still ending


class Calls:
    """Counts the system calls and syncs of a group's processes from now to stop()."""

    EVENTS = ("raw_syscalls:sys_enter", "syscalls:sys_enter_fsync", "syscalls:sys_enter_fdatasync")

    def __init__(self, group: Group):
        groups = ",".join(group.name for _ in self.EVENTS)
        self.perf = subprocess.Popen(
            ["perf", "stat", "-x", ";", "-a", "-e", ",".join(self.EVENTS), "-G", groups],
            stderr=subprocess.PIPE, text=True)

    def stop(self) -> tuple[int, int]:
        """(system calls, syncs)"""
        self.perf.send_signal(signal.SIGINT)
        _, report = self.perf.communicate(timeout=30)
        counts = {}
        for line in report.splitlines():
            fields = line.split(";")
            if len(fields) > 2 and fields[0].isdigit():
                counts[fields[2]] = int(fields[0])
        return counts.get(self.EVENTS[0], 0), counts.get(self.EVENTS[1], 0) + counts.get(
            self.EVENTS[2], 0)


def machine() -> str:
    model = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return f"{model[1] if model else 'unknown'}, {os.cpu_count()} cores, Linux {os.uname().release}"
