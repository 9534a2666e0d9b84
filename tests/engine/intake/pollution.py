"""Polluted texts: one small inventory, spoilt in every way that real exports are, and what is in each."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

Row = list[str]


@dataclass(frozen=True)
class Polluted:
    """One text, and the table that is in it."""

    name: str
    data: bytes
    header: Row
    rows: list[Row]


HEADER = ["DATE", "TIME", "Qty", "HOSTID", "Price", "SystemType", "Description", "URL", "Comments"]
_TYPES = ("web server", "database", "load balancer", "mail, relay")
_NOTES = ("", "moved in 2019", 'called "the old one"', "two\nlines", "rack 4, unit 7")


def clean_rows(count: int = 60) -> list[Row]:
    """The inventory: dates, times, numbers, codes, prose with commas, quotes and line ends, empty cells."""
    return [
        [
            f"2023-{1 + i % 12:02d}-{1 + i % 28:02d}",
            f"{i % 24:02d}:{(i * 7) % 60:02d}:00",
            str(1 + i % 9),
            f"SRV-{1000 + i * 37 % 991}",
            f"{(i * 13) % 500}.{i % 100:02d}",
            _TYPES[i % 4],
            f"Host number {i} of the old estate",
            f"https://inventory.example.org/host/{i}?v=1",
            _NOTES[i % 5],
        ]
        for i in range(count)
    ]


def written(
    rows: list[Row],
    delimiter: str = ",",
    quote: str = '"',
    escape: str = "",
    newline: str = "\r\n",
    *,
    all_quoted: bool = False,
) -> str:
    """Rows as text: quoted where it is needed, quotes doubled or escaped."""

    def cell(value: str) -> str:
        special = any(mark in value for mark in (delimiter, quote, "\n", "\r") if mark) or (
            delimiter.strip() != delimiter and delimiter.strip() and delimiter.strip() in value
        )
        if not quote or not (special or all_quoted):
            return value
        return quote + value.replace(quote, (escape or quote) + quote) + quote

    return "".join(delimiter.join(map(cell, row)) + newline for row in rows)


def pollutions() -> Iterator[Polluted]:
    """Every kind of pollution, a few files each."""
    rows = clean_rows()
    table = [HEADER, *rows]

    def polluted(name: str, text: str, header: Row = HEADER, body: list[Row] = rows, codec: str = "utf-8") -> Polluted:
        return Polluted(name, text.encode(codec), header, body)

    yield polluted("clean", written(table))
    for mark in (";", "\t", "|", " ", "^", "~", ", ", "||", "\x1f", ":"):
        yield polluted(f"delimiter {mark!r}", written(table, mark))
        yield polluted(f"delimiter {mark!r}, all quoted", written(table, mark, all_quoted=True))
    yield polluted("quote '", written(table, quote="'"))
    yield polluted("quote ', all quoted", written(table, quote="'", all_quoted=True))
    yield polluted("all quoted", written(table, all_quoted=True))
    yield polluted("escape backslash", written(table, escape="\\"))
    yield polluted("escape backslash, all quoted", written(table, escape="\\", all_quoted=True))
    for newline in ("\n", "\r"):
        flat = [[c.replace("\n", " ") for c in row] for row in rows] if newline == "\r" else rows
        yield polluted(f"newline {newline!r}", written([HEADER, *flat], newline=newline), body=flat)
    mixed = "".join(written([row], newline=("\n", "\r\n")[i % 2]) for i, row in enumerate(table))
    yield polluted("newlines mixed", mixed)
    yield polluted("no trailing newline", written(table).rstrip("\r\n"))
    yield polluted("double trailing newline", written(table) + "\r\n")
    yield polluted("blank lines", written(table[:9]) + "\r\n\r\n" + written(table[9:]))
    yield polluted("no header", written(rows), header=[f"column_{i}" for i in range(1, 10)])
    yield polluted("header only", written([HEADER]), body=[])
    yield polluted("one row", written(table[:2]), body=rows[:1])
    yield from _encodings(rows)
    yield from _above_and_below(rows)
    yield from _stacked(rows)
    yield from _rows_spoilt(rows)


def _encodings(rows: list[Row]) -> Iterator[Polluted]:
    for codec, word in (
        ("utf-8-sig", "Zürich → 東京"),
        ("utf-16", "Zürich → 東京"),
        ("utf-16-le", "Zürich"),
        ("utf-16-be", "Zürich"),
        ("cp1252", "Zürich – “Café”"),
        ("latin-1", "Málaga, São Tomé"),
        ("shift_jis", "東京のサーバー室にあるデータベース"),
        ("euc_jp", "東京のサーバー室にあるデータベース"),
        ("gb18030", "北京数据中心的数据库服务器"),
        ("big5", "台北資料中心的資料庫伺服器"),
        ("euc_kr", "서울 데이터 센터의 데이터베이스 서버"),
        ("cp1251", "Москва, сервер базы данных в стойке"),
        ("koi8_r", "Москва, сервер базы данных в стойке"),
    ):
        here = [[*row[:6], f"{word} {i}", *row[7:]] for i, row in enumerate(rows)]
        yield Polluted(f"encoding {codec}", written([HEADER, *here]).encode(codec), HEADER, here)


def _above_and_below(rows: list[Row]) -> Iterator[Polluted]:
    table = written([HEADER, *rows])
    above = {
        "title": "Inventory of all hosts\r\n",
        "title and blank": "Inventory of all hosts\r\n\r\n",
        "three lines": "Inventory of all hosts\r\nExported by J. Smith, 2024-05-01\r\nConfidential\r\n",
        "padded": f"Inventory of all hosts{',' * 8}\r\nExported:,2024-05-01{',' * 7}\r\n{',' * 8}\r\n",
        "keys and values": "Report:,Inventory\r\nDate:,2024-05-01\r\nOwner:,J. Smith\r\n\r\n",
        "comments": "# exported by inventory 4.2\r\n# 2024-05-01 12:00\r\n",
        "blank lines": "\r\n\r\n\r\n",
        "separator": "sep=,\r\n",
    }
    for name, text in above.items():
        yield Polluted(f"above: {name}", (text + table).encode(), HEADER, rows)
    below = {
        "note": "\r\nSource: inventory database\r\n",
        "count": "(60 rows)\r\n",
        "notes": "\r\n* prices in euro\r\n** as of May\r\nNote: without the test estate\r\n",
    }
    for name, text in below.items():
        yield Polluted(f"below: {name}", (table + text).encode(), HEADER, rows)


def _stacked(rows: list[Row]) -> Iterator[Polluted]:
    units = ["[ymd]", "[hms]", "[pcs]", "", "[EUR]", "", "", "", ""]
    both = [f"{a} {b}".strip() for a, b in zip(HEADER, units, strict=True)]
    yield Polluted("header of two rows", written([HEADER, units, *rows]).encode(), both, rows)
    groups = ["When", "", "What", "", "", "", "", "Where", ""]
    spread = ["When", "When", "What", "What", "What", "What", "What", "Where", "Where"]
    joined = [f"{a} {b}" for a, b in zip(spread, HEADER, strict=True)]
    yield Polluted("header in groups", written([groups, HEADER, *rows]).encode(), joined, rows)


def _rows_spoilt(rows: list[Row]) -> Iterator[Polluted]:
    lines = [written([row], all_quoted=False) for row in [HEADER, *rows]]
    for at in (1, 7, 60):
        for column in (1, 5, 7):
            cells = rows[at - 1]
            short = [*cells[:column], cells[column] + cells[column + 1], *cells[column + 2 :]]
            body = [*rows[: at - 1], [*short, ""], *rows[at:]]
            yield _with_line(f"cell missing in row {at} at {column}", lines, at, written([short]), body)
            long = [*cells[:column], "", *cells[column:]]
            body = [*rows[: at - 1], long, *rows[at:]]
            yield _with_line(f"cell too many in row {at} at {column}", lines, at, written([long]), body)
        for mark in (";", "\t", "|"):
            yield _with_line(f"row {at} split by {mark!r}", lines, at, written([rows[at - 1]], mark), rows)
    for at in (2, 8, 59):
        for column in (3, 6):
            cell = rows[at - 1][column]
            spoilt = [*rows[at - 1]]
            spoilt[column] = f'{cell[:3]}"{cell[3:]}'
            body = [*rows[: at - 1], spoilt, *rows[at:]]
            quoted = [f'"{c}"' for c in rows[at - 1]]
            quoted[column] = f'"{spoilt[column]}"'
            quoted[8] = written([[rows[at - 1][8]]], all_quoted=True).strip("\r\n")
            yield _with_line(f"stray quote in row {at} at {column}", lines, at, ",".join(quoted) + "\r\n", body)
            spoilt = [*rows[at - 1]]
            spoilt[column] = f'"{cell}'
            body = [*rows[: at - 1], spoilt, *rows[at:]]
            plain = [*map(lambda c: written([[c]]).strip("\r\n"), rows[at - 1])]
            plain[column] = f'"{cell}'
            yield _with_line(f"open quote in row {at} at {column}", lines, at, ",".join(plain) + "\r\n", body)


def _with_line(name: str, lines: list[str], at: int, line: str, body: list[Row]) -> Polluted:
    return Polluted(name, "".join([*lines[:at], line, *lines[at + 1 :]]).encode(), HEADER, body)


def score(polluted: Polluted, exported: str | None) -> dict[str, float]:
    """How much of the table was found: success, and F1 of header, records and cells, each 0..1."""
    if exported is None:
        return {"success": 0.0, "header": 0.0, "records": 0.0, "cells": 0.0}
    header, *rows = list(csv.reader(io.StringIO(exported, newline=""))) or [[]]
    wanted = [[cell.strip() for cell in row] for row in polluted.rows]
    rows = [[cell.strip() for cell in row] for row in rows]
    return {
        "success": 1.0,
        "header": _f1(polluted.header, header),
        "records": _f1([tuple(row) for row in wanted], [tuple(row) for row in rows]),
        "cells": _f1([c for row in wanted for c in row], [c for row in rows for c in row]),
    }


def _f1(wanted: list, found: list) -> float:
    if not wanted and not found:
        return 1.0
    same = sum((Counter(wanted) & Counter(found)).values())
    return 2 * same / (len(wanted) + len(found))


__all__ = ["HEADER", "Polluted", "Row", "clean_rows", "pollutions", "score", "written"]
