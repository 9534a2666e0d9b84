"""JSON text: values taken from a stream one by one, exactly as they were written.

Python's scanner does the reading; around it stand what it lacks: bounded memory, numbers kept digit
for digit, names that repeat kept apart, and NaN refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn, TextIO

CHUNK = 1 << 18
LARGEST = 32 << 20
"""Characters of one element of an array, or one value of an object."""
_BLANK = re.compile(r"[ \t\n\r]*")


class Invalid(ValueError):
    """Where and why a text is not JSON."""


class Number(str):
    """A number as it was written."""

    __slots__ = ()


def _constant(name: str) -> NoReturn:
    raise Invalid(f"{name} is not a JSON value (null stands for a missing one)")


def _pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; a name that repeats gets a number, so that no value is lost."""
    found = dict(items)
    if len(found) == len(items):
        return found
    found = {}
    for key, value in items:
        name, n = key, 2
        while name in found:
            name, n = f"{key}_{n}", n + 1
        found[name] = value
    return found


_DECODER = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=_constant, object_pairs_hook=_pairs)


def parse(text: str) -> Any:
    """One JSON value that is all of the text. Raises Invalid."""
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise Invalid(f"{error.msg[:1].lower()}{error.msg[1:]} at column {error.colno}") from None
    except RecursionError:
        raise Invalid("it is nested too deeply") from None


def as_text(value: Any) -> str | None:
    """A value as a cell: text as it is, null and empty text as None, what is nested as JSON text."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        return _dumped(value)
    except RecursionError:
        raise Invalid("it is nested too deeply") from None


def _dumped(value: Any) -> str:
    """Compact JSON with numbers as they were written."""
    if isinstance(value, Number):
        return value
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k, ensure_ascii=False)}:{_dumped(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_dumped, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


class Values:
    """The values of one JSON document, read from a stream piece by piece."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._text, self._at, self._lines = "", 0, 1
        self._ended = False

    @property
    def opening(self) -> str:
        """The character with which the document begins; empty where there is none."""
        return self._peek()

    def items(self) -> Iterator[tuple[str | None, Any]]:
        """The elements of the document's arrays, each with the key of its array; a lone object as one value.

        A document that is an array has the key None. Values of an object that are no arrays are gathered
        and come last, as one record of key None.
        """
        opening = self._peek()
        if opening == "[":
            yield from ((None, value) for value in self._array())
        elif opening == "{":
            yield from self._object()
        else:
            yield None, self._value()
        if self._peek():
            raise self._invalid("something follows the end of the document")

    def _object(self) -> Iterator[tuple[str | None, Any]]:
        rest: list[tuple[str, Any]] = []
        self._at += 1
        if self._peek() == "}":
            self._at += 1
            return
        while True:
            if self._peek() != '"':
                raise self._invalid("a name in double quotes is missing")
            key = self._value()
            self._expect(":")
            if self._peek() == "[":
                yield from self._listed(key, rest)
            else:
                rest.append((key, self._value()))
            if self._peek() != ",":
                break
            self._at += 1
        self._expect("}")
        if rest:
            yield None, _pairs(rest)

    def _listed(self, key: str, rest: list[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
        """An array of records under its key; an array of plain values stays a value of the object."""
        plain: list[Any] = []
        for value in self._array():
            if isinstance(value, dict | list):
                yield key, value
            else:
                plain.append(value)
        if plain:
            rest.append((key, plain))

    def _array(self) -> Iterator[Any]:
        self._at += 1
        if self._peek() == "]":
            self._at += 1
            return
        while True:
            yield self._value()
            if self._peek() != ",":
                break
            self._at += 1
        self._expect("]")

    def _value(self) -> Any:
        self._peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except RecursionError:
                raise self._invalid("it is nested too deeply") from None
            except json.JSONDecodeError as error:
                if not self._more():
                    raise self._invalid(error.msg[:1].lower() + error.msg[1:], error.pos) from None
                continue
            # A number at the very end of what was read may go on.
            if end < len(self._text) or not self._more():
                self._at = end
                return value

    def _expect(self, mark: str) -> None:
        if self._peek() != mark:
            raise self._invalid(f"{mark!r} is missing")
        self._at += 1

    def _peek(self) -> str:
        """The next character that is not white space; empty at the end."""
        while True:
            self._at = _BLANK.match(self._text, self._at).end()  # pyright: ignore[reportOptionalMemberAccess]
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def _more(self) -> bool:
        """Read on, as much again as is waiting; False at the end of the stream."""
        waiting = len(self._text) - self._at
        if self._ended:
            return False
        if waiting > LARGEST:
            raise self._invalid(f"one value is longer than {LARGEST:,} characters")
        piece = self._stream.read(max(CHUNK, waiting))
        self._ended = not piece
        self._lines += self._text.count("\n", 0, self._at)
        self._text, self._at = self._text[self._at :] + piece, 0
        return bool(piece)

    def _invalid(self, why: str, at: int | None = None) -> Invalid:
        line = self._lines + self._text.count("\n", 0, self._at if at is None else at)
        return Invalid(f"{why} (line {line})")
