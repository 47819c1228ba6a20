"""Compares the structure that mime::read_message() finds with the one of Python's email package.

Messages of other projects' test data are read where ../shared/data is present; a set of generated ones
always. Where the two readers differ by design, the message is named below with the reason.
"""

import email
import email.policy
import os
import pathlib
import random
import subprocess

import pytest

pytestmark = pytest.mark.no_server

SOURCE = pathlib.Path(__file__).resolve().parents[2]
DATA = SOURCE.parent / "shared" / "data"
BUILD = pathlib.Path(os.environ.get("PEREGRINE_BUILD_DIR", SOURCE / "build"))


def dump_program():
    for candidate in BUILD.glob("**/mime_dump"):
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return candidate
    pytest.skip("mime_dump is not built")


def dump(paths):
    """{path: [(parent, type)]}, and the defects of each path."""
    out = subprocess.run([dump_program(), *paths], capture_output=True, check=True).stdout
    parts, defects, current = {}, {}, None
    for line in out.split(b"\n"):
        word, _, rest = line.partition(b" ")
        if word == b"file":
            current = rest.decode()
            parts[current] = []
        elif word == b"defects" or line == b"defects":
            defects[current] = set(rest.decode().split())
        elif word == b"part":
            fields = rest.decode("latin-1").split(" ")
            parts[current].append((int(fields[1]), fields[3]))
    return parts, defects


def python_parts(raw):
    """The same of Python's reader, brought to our terms: only enclosed messages have parts of their
    own, not delivery reports and external bodies, and a multipart without parts is text."""
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    out = []

    def walk(part, parent):
        index = len(out)
        kind = part.get_content_type()
        if part.get_content_maintype() == "multipart" and not part.is_multipart():
            kind = "text/plain"
        out.append((parent, kind))
        container = kind.startswith("multipart/") or kind in ("message/rfc822", "message/global")
        if container and part.is_multipart():
            for child in part.get_payload():
                walk(child, index)

    walk(message, 0)
    return out


def with_crlf(raw):
    return raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


# File name: why the two readers differ.
DIFFERENT = {
    "multi-clen.msg": "Python does not unfold a boundary",
    "multi-digest.msg": "Python does not unfold a boundary",
    "multi-simple.msg": "Python does not unfold a boundary",
    "msg_15.txt": "a boundary used twice: for Python it is the outer one's, for us the inner one's",
    "msg_39.txt": "a boundary used twice: for Python it is the outer one's, for us the inner one's",
    "msg_37.txt": "a delimiter right after another: for Python nothing, for us an empty part",
    "raw_email4.eml": "text after a boundary: for Python no delimiter, for us (RFC 2046 5.1.1) one",
}


def messages():
    if not DATA.is_dir():
        return []
    found = [*DATA.glob("**/*.eml"), *DATA.glob("**/*.msg"), *DATA.glob("python-email/data/msg_*.txt")]
    return sorted(str(p) for p in found)


def test_agrees_with_python_on_test_data():
    paths = messages()
    if not paths:
        pytest.skip("no ../shared/data")
    ours, defects = dump(paths)
    differ = {}
    for path in paths:
        theirs = python_parts(with_crlf(pathlib.Path(path).read_bytes()))
        if ours[path] != theirs:
            differ[path] = (ours[path], theirs, defects[path])
    for path, value in differ.items():
        print(os.path.relpath(path, DATA), value)
    assert {pathlib.Path(p).name for p in differ} == set(DIFFERENT)


def random_part(rng, depth):
    """(message bytes, [type and children])"""
    kind = rng.choice(["text", "text", "image", "multipart", "digest", "message"])
    if depth == 0 and kind in ("multipart", "digest", "message"):
        kind = "text"
    if kind == "text":
        lines = [rng.choice([b"words", b"", b"--", b"-- sig", b"a: b"]) for _ in range(rng.randrange(5))]
        return b"Content-Type: text/html\r\n\r\n" + b"\r\n".join(lines), ["text/html"]
    if kind == "image":
        return b"content-type : image/png; name=a.png\r\n\r\nAAAA", ["image/png"]
    if kind == "message":
        inner, tree = random_part(rng, depth - 1)
        return b"Content-Type: message/rfc822\r\n\r\nSubject: x\r\n" + inner, ["message/rfc822", tree]
    children = [random_part(rng, depth - 1) for _ in range(rng.randrange(1, 4))]
    boundary = b"b%d" % rng.randrange(10**9)
    subtype = b"digest" if kind == "digest" else b"mixed"
    head = b"Content-Type: multipart/" + subtype + b';\r\n boundary="' + boundary + b'"\r\n\r\n'
    preamble = rng.choice([b"", b"preamble\r\n"])
    body = b"".join(b"--" + boundary + rng.choice([b"", b" \t"]) + b"\r\n" + c + b"\r\n" for c, _ in children)
    end = b"--" + boundary + b"--" + rng.choice([b"", b"\r\n", b"\r\nepilogue\r\n"])
    return head + preamble + body + end, ["multipart/" + subtype.decode(), *[t for _, t in children]]


def flat(tree):
    out = []

    def walk(node, parent):
        index = len(out)
        out.append((parent, node[0]))
        for child in node[1:]:
            walk(child, index)

    walk(tree, 0)
    return out


def test_agrees_with_python_and_the_truth_on_generated_messages(tmp_path):
    rng = random.Random(20)
    expected = {}
    for i in range(300):
        raw, tree = random_part(rng, 5)
        path = tmp_path / str(i)
        path.write_bytes(b"From: a@b.example\r\n" + raw)
        # Python reads no field with a space before its colon.
        expected[str(path)] = (flat(tree), b"content-type :" in raw)
    ours, defects = dump(expected)
    for path, (tree, obsolete) in expected.items():
        assert ours[path] == tree, path
        assert defects[path] <= {"space_before_colon"}, path
        if not obsolete:
            assert python_parts(pathlib.Path(path).read_bytes()) == tree, path
