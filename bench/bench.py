#!/usr/bin/env python3
"""Measures the servers of servers.py in turn and prints one table; see README.md."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import loads
import relay
from measure import Calls, machine
from servers import ACCOUNT, PASSWORD, Peregrine, PostfixDovecot

SIZES = (4096, 65536)
CONNECTIONS = (1, 16, 64)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class Results:
    """figure name → server name → number; and whether more is better."""

    def __init__(self):
        self.rows: dict[str, dict[str, float]] = {}
        self.more_is_better: dict[str, bool] = {}

    def add(self, figure: str, server: str, value: float, more_is_better: bool) -> None:
        self.rows.setdefault(figure, {})[server] = value
        self.more_is_better[figure] = more_is_better
        say(f"  {server:20} {figure:44} {value:12.3f}")


def deliver(server, results: Results, quick: bool) -> None:
    delivered = loads.messages_in(server.imap, ACCOUNT, PASSWORD)

    def run(count: int, connections: int, size: int) -> tuple[float, float]:
        nonlocal delivered
        cpu, start = server.group.cpu_seconds(), time.monotonic()
        loads.send_mail(server.smtp, ACCOUNT, count, connections, size)
        delivered += count
        loads.wait_for_messages(server.imap, ACCOUNT, PASSWORD, delivered, 300)
        return time.monotonic() - start, server.group.cpu_seconds() - cpu

    run(100, 4, 4096)
    scale = 1 if server.name == Peregrine.name else 5
    for size in SIZES:
        for connections in CONNECTIONS:
            count = (400 if connections == 1 else 2000) // (scale * (4 if quick else 1))
            seconds, cpu = run(count, connections, size)
            label = f"{size // 1024} KiB, {connections} connections"
            results.add(f"delivered a second, {label}", server.name, count / seconds, True)
            results.add(f"CPU ms a message, {label}", server.name, cpu * 1000 / count, False)
    count = 1000 // scale
    calls = Calls(server.group)
    time.sleep(0.5)  # perf has attached by then
    run(count, 16, 4096)
    total, syncs = calls.stop()
    results.add("system calls a message, 16 connections", server.name, total / count, False)
    results.add("syncs a message, 16 connections", server.name, syncs / count, False)


def imap(server, results: Results, quick: bool) -> None:
    def rate(figure: str, count: int, act) -> None:
        start = time.monotonic()
        for _ in range(count):
            act()
        results.add(figure, server.name, count / (time.monotonic() - start), True)

    def log_in(tls: bool) -> None:
        connection = loads.Imap(server.imaps if tls else server.imap, tls)
        connection.login(ACCOUNT, PASSWORD)
        connection.close()

    log_in(False)
    rate("IMAP logins a second, plain", 200, lambda: log_in(False))
    rate("IMAP logins a second, TLS", 100, lambda: log_in(True))
    connection = loads.Imap(server.imap, False)
    connection.login(ACCOUNT, PASSWORD)
    message = (b"From: a@example.org\r\nTo: b@example.test\r\nSubject: bench\r\n"
               b"Date: Tue, 24 Nov 2026 04:00:00 +0000\r\nMessage-ID: <1@example.org>\r\n\r\n" +
               b"A line of a message that is of no interest to anybody at all.\r\n" * 60)
    rate("APPEND a second, 4 KiB", 300, lambda: connection.append(message))
    connection.command("SELECT INBOX")
    wanted = 10000
    have = loads.messages_in(server.imap, ACCOUNT, PASSWORD)
    while have < wanted:
        step = min(have, wanted - have)
        connection.command(f"COPY 1:{step} INBOX")
        connection.command("NOOP")
        have += step
    connection.command("FETCH 1:10000 (ENVELOPE)")
    start = time.monotonic()
    connection.command("FETCH 1:10000 (ENVELOPE)")
    results.add("seconds for 10,000 envelopes", server.name, time.monotonic() - start, False)
    connection.close()


def memory(server, results: Results, quick: bool) -> None:
    for tls in (False, True):
        for count in (200,) if quick else (1000, 5000):
            before = server.group.memory_bytes()
            held = []
            try:
                for _ in range(count):
                    connection = loads.Imap(server.imaps if tls else server.imap, tls)
                    connection.login(ACCOUNT, PASSWORD)
                    connection.command("SELECT INBOX")
                    connection.idle()
                    held.append(connection)
                used = server.group.memory_bytes() - before
                kind = "TLS" if tls else "plain"
                results.add(f"KiB an idle connection, {kind}, {count}", server.name,
                            used / count / 1024, False)
            except (OSError, RuntimeError) as error:
                say(f"  {server.name}: {len(held)} of {count} connections: {error}")
            for connection in held:
                connection.close()
            time.sleep(2)  # the server frees what they held


def relayed(server, results: Results, quick: bool) -> None:
    sink = relay.Sink()
    try:
        done = 0
        scale = 10 if quick else 1
        for connections, count in ((4, 100), (16, 10000 // scale)):
            cpu, start = server.group.cpu_seconds(), time.monotonic()
            loads.send_mail(server.smtp, relay.ALIAS, count, connections, 4096)
            done += count
            sink.wait_for("mesg", done, 600)
            seconds, cpu = time.monotonic() - start, server.group.cpu_seconds() - cpu
        label = "4 KiB, 16 connections"
        results.add(f"relayed a second, {label}", server.name, count / seconds, True)
        results.add(f"CPU ms a relayed message, {label}", server.name, cpu * 1000 / count, False)
    finally:
        sink.stop()


def queue(server, results: Results, quick: bool) -> None:
    """`server` has not been started: its queue is filled before."""
    sizes = (1000, 20000) if quick else (1000, 1000000)
    for size in sizes:
        sink = relay.Sink(refuse=True)
        try:
            server.fill(size)
            start = time.monotonic()
            server.serve()
            label = f"{size:,} queued"
            results.add(f"seconds to ready, {label}", server.name, time.monotonic() - start, False)
            server.wait_for_attempt(300)
            results.add(f"seconds to the first retry, {label}", server.name,
                        time.monotonic() - start, False)
            time.sleep(20)  # it tries and puts off, at its pace
            results.add(f"MiB of memory, {label}", server.name,
                        server.group.memory_bytes() / 2**20, False)
        finally:
            server.end()
            sink.stop()


DELIVERY, RELAYS, ALONE = (Peregrine, PostfixDovecot), relay.RELAYS, (relay.PeregrineQueue,)
PARTS = {"deliver": (deliver, DELIVERY), "imap": (imap, DELIVERY), "memory": (memory, DELIVERY),
         "relay": (relayed, RELAYS), "queue": (queue, ALONE)}


def table(results: Results) -> str:
    ours = Peregrine.name
    peers = sorted({name for row in results.rows.values() for name in row} - {ours})
    head = "".join(f"{name:>20}{'times better':>14}" for name in peers)
    lines = [f"{'':46}{ours:>14}{head}"]
    for figure, row in results.rows.items():
        mine = row.get(ours)
        line = f"{figure:46}" + (f"{mine:>14.2f}" if mine is not None else f"{'-':>14}")
        for name in peers:
            theirs, ratio = row.get(name), ""
            if mine and theirs:
                better = results.more_is_better[figure]
                ratio = f"{mine / theirs if better else theirs / mine:.1f}"
            line += (f"{theirs:>20.2f}" if theirs is not None else f"{'-':>20}") + f"{ratio:>14}"
        lines.append(line.rstrip())
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=PARTS, help="measure this part alone")
    parser.add_argument("--quick", action="store_true", help="fewer messages and connections")
    parser.add_argument("--alone", action="store_true", help="Peregrine without its peer")
    options = parser.parse_args()
    import resource
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    results = Results()
    wanted = options.only or list(PARTS)
    for servers in (DELIVERY, RELAYS, ALONE):
        parts = [measure for name, (measure, of) in PARTS.items() if of is servers and name in wanted]
        for make in servers if parts else ():
            if options.alone and not issubclass(make, Peregrine):
                continue
            say(f"{make.name}:")
            server = make()
            try:
                for measure in parts:
                    measure(server, results, options.quick)
            finally:
                server.stop()
    print(machine())
    print(table(results))
    folder = Path(__file__).parent / "results"
    folder.mkdir(exist_ok=True)
    stamp = time.strftime("%Y%m%dT%H%M%S")
    (folder / f"{stamp}.json").write_text(json.dumps({"machine": machine(), "rows": results.rows},
                                                     indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
