"""Mutations: what hands, networks, programs and enemies do to a file."""

import io
import random
import re
import zipfile
from collections.abc import Sequence

_ODD_BYTES = (
    b"\0",
    b"\xff",
    b"\x7f\xff\xff\xff",
    b"\x80\0\0\0",
    b"\xff\xff\xff\xff",
    b"\xed\xa0\x80",
)
_TOKENS = (
    *("NaN", "Infinity", "-1e400", "1e-320", "-0.0", "90.1", "180.0000001", "1e19", "9" * 400),
    *("null", "true", "[]", "{}", '""', '"x"', "[[]]", "[null]", '"\\ud800"', '{"a":{"a":[]}}'),
    *("Polygon", "MultiPolygon", "LineString", "EPSG:32636", "EPSG:999999", "POLYGON EMPTY"),
    *("POLYGON ((", "NAN", ";", ";;", ",", "=1+1", "\t", "\r", "\n", "'", '"', "\x1e", "\u202e"),
    *("<![CDATA[", "]]>", "&amp;", "&x;", "<Placemark>", "</Placemark>", "<!DOCTYPE a>", "]", "}"),
)
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
_WORD = re.compile(rb"[A-Za-z_]{3,}|-?\d+(?:\.\d+)?|[\[\]{}<>\",;:]")
_MOST_CHANGES = 6


def mutated(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """Spoil a file.

    Args:
        data: An honest one; the files in a zip are spoilt one by one half of the time.
        others: Files to take pieces from.
        chance: Where all choices come from.
    """
    if data.startswith(b"PK") and chance.random() < 0.5:
        return _within_zip(data, others, chance)
    # Spoilt bytes seldom leave a text that any reader goes on with; spoilt words do.
    kinds = _WORDS if b"\0" not in data and chance.random() < 0.8 else _BYTES
    for _ in range(chance.randint(1, _MOST_CHANGES)):
        change = chance.choice(kinds)
        data = change(data, others, chance)
    return data


def _within_zip(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = chance.choice(list(members))
    if chance.random() < 0.1:
        del members[name]
    else:
        members[name] = mutated(members[name], others, chance)
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return body.getvalue()


def _place(data: bytes, chance: random.Random) -> int:
    return chance.randrange(len(data) + 1)


def _piece(data: bytes, chance: random.Random) -> slice:
    first = _place(data, chance)
    return slice(first, first + chance.choice((1, 1, 2, 4, 8, 32, 256)))


def _flip(data: bytes, _others: Sequence[bytes], chance: random.Random) -> bytes:
    raw = bytearray(data)
    if raw:
        raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    return bytes(raw)


def _overwrite(data: bytes, _others: Sequence[bytes], chance: random.Random) -> bytes:
    new, at = chance.choice(_ODD_BYTES), _place(data, chance)
    return data[:at] + new + data[at + len(new) :]


def _delete(data: bytes, _others: Sequence[bytes], chance: random.Random) -> bytes:
    piece = _piece(data, chance)
    return data[: piece.start] + data[piece.stop :]


def _repeat(data: bytes, _others: Sequence[bytes], chance: random.Random) -> bytes:
    piece = _piece(data, chance)
    return data[: piece.stop] + data[piece] * chance.choice((1, 1, 2, 50)) + data[piece.stop :]


def _cut(data: bytes, _others: Sequence[bytes], chance: random.Random) -> bytes:
    return data[: _place(data, chance)]


def _splice(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    other = chance.choice(others)
    at = _place(data, chance)
    return data[:at] + other[_piece(other, chance)] + data[at:]


def _token(data: bytes, _others: Sequence[bytes], chance: random.Random) -> bytes:
    """Put something else where a number or a word was, or between two."""
    found = list(_WORD.finditer(data, 0, 1_000_000))
    if not found:
        return data
    old, new = chance.choice(found), chance.choice(_TOKENS).encode()
    return data[: old.start()] + new + data[old.end() :]


def _number(data: bytes, _others: Sequence[bytes], chance: random.Random) -> bytes:
    """Change a number by a little or by much, as a slip of the hand does."""
    found = list(_NUMBER.finditer(data, 0, 1_000_000))
    if not found:
        return data
    old = chance.choice(found)
    other = chance.choice(found)[0]
    slips = (other, old[0] * 2, b"-" + old[0], old[0].replace(b".", b""), b"0", b"null", b"[]")
    new = chance.choice((*slips, b"NaN", b"1e400", b"90.1", b"180.1", old[0][:3], b'"7"'))
    return data[: old.start()] + new + data[old.end() :]


def _swap(data: bytes, _others: Sequence[bytes], chance: random.Random) -> bytes:
    first, second = sorted((_piece(data, chance), _piece(data, chance)), key=lambda p: p.start)
    middle = data[first.stop : second.start]
    return data[: first.start] + data[second] + middle + data[first] + data[second.stop :]


_BYTES = (_flip, _overwrite, _delete, _repeat, _cut, _splice, _token, _number, _swap)
_WORDS = (_token, _number, _number)
