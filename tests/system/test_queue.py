"""The queue's commands on a stopped server: what they show, change and refuse."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess

import pytest

from lib.server import Server, binary

BUILD = binary().parent


def fill_program() -> pathlib.Path:
    for candidate in BUILD.glob("**/queue_fill"):
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return candidate
    pytest.skip("queue_fill is not built")


def make_filled(make_server, count: int = 25) -> Server:
    server = make_server({"outbound.enabled": True}, start=False)
    server.add_account("user")
    directory = pathlib.Path(server.config).parent
    stores = [path.parent for path in directory.glob("**/store/CURRENT")]
    assert len(stores) == 1, stores
    subprocess.run([str(fill_program()), str(stores[0]), str(count)], check=True)
    return server


@pytest.fixture
def filled(make_server):
    return make_filled(make_server)


def listed(server: Server, *args: str) -> list[dict]:
    return json.loads(server.command("queue", "list", "--json", *args).stdout)


def test_list_show_and_filters(filled):
    assert len(listed(filled)) == 25
    assert len(listed(filled, "--destination", "dest3.test")) == 3
    assert len(listed(filled, "--recipient", "@dest3.test")) == 3
    assert len(listed(filled, "--sender", "@example.test")) == 25
    assert listed(filled, "--held") == [] and listed(filled, "--failing") == []
    one = listed(filled, "--recipient", "7@dest7.test")
    assert len(one) == 1 and one[0]["recipients"][0]["state"] == "waiting"
    text = filled.command("queue", "list").stdout.decode().splitlines()
    assert len(text) == 26 and text[0].startswith("ID") and "7@dest7.test" in "\n".join(text)
    shown = filled.command("queue", "show", one[0]["id"]).stdout.decode()
    assert "user@example.test" in shown and "7@dest7.test" in shown
    assert json.loads(filled.command("queue", "show", one[0]["id"], "--json").stdout) == one[0]


def test_changes(filled):
    ids = [each["id"] for each in listed(filled)]
    filled.command("queue", "hold", ids[0])
    held = listed(filled, "--held")
    assert [each["id"] for each in held] == [ids[0]]
    assert held[0]["recipients"][0]["state"] == "held"
    filled.command("queue", "release", "--held")
    assert listed(filled, "--held") == []
    filled.command("queue", "route", "--recipient", "7@dest7.test", "--to", "relay.test")
    assert len(listed(filled, "--destination", "relay.test")) == 1
    filled.command("queue", "bounce", "--id", ids[1])
    shown = json.loads(filled.command("queue", "show", ids[1], "--json").stdout)
    assert shown["recipients"][0]["state"] == "failed"
    filled.command("queue", "retry", "--all")
    filled.command("queue", "drop", "--destination", "dest3.test")
    assert len(listed(filled)) == 22
    assert "no problem found" in filled.command("verify").stdout.decode()
    filled.command("queue", "drop", "--all")
    assert listed(filled) == []
    assert "no problem found" in filled.command("verify").stdout.decode()


def test_wrong_use_says_what_to_do(filled):
    for args in (["drop"], ["drop", "xyz"], ["show", "ffffffff"], ["list", "--sender", "nobody"],
                 ["retry", "--recipient", "x@nowhere.test"],
                 ["route", "--all", "--to", "Not A Name"]):
        done = filled.command("queue", *args, check=False)
        assert done.returncode == 1 and done.stderr, args
    assert len(listed(filled)) == 25


def test_trace(filled):
    events = json.loads(filled.command("trace", "7@dest7.test", "--json").stdout)
    assert [each["event"] for each in events] == ["queued"]
    same = json.loads(filled.command("trace", events[0]["trace"], "--json").stdout)
    assert same == events
    assert "7@dest7.test" in filled.command("trace", "7@dest7.test").stdout.decode()
    for subject in ("nobody@nowhere.test", "zzz"):
        assert filled.command("trace", subject, check=False).returncode == 1


def test_dump_has_the_queue(filled):
    lines = filled.command("dump").stdout.decode().splitlines()
    records = [json.loads(line)["record"] for line in lines]
    assert records.count("queued_message") == 25 and records.count("queued_recipient") == 25


@pytest.mark.slow
def test_a_long_queue_streams(make_server):
    server = make_filled(make_server, 20_000)
    assert len(server.command("queue", "list").stdout.splitlines()) == 20_001
