"""Drafts from a DDL: the tables that a script creates, in any dialect that databases and warehouses export.

Only what says something of tables is read: CREATE TABLE, TYPE and DOMAIN, ALTER TABLE … ADD, COMMENT ON. What a
statement says is in `script`; here a script is parted and its dialect told.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from discovery_pipeline.engine.targets.contract import TargetTable
from discovery_pipeline.engine.targets.drafting.script import Script
from discovery_pipeline.errors import TargetError

_SIGNS = (
    (
        "tsql",
        re.compile(r"\[\w[^\]]*\]|^\s*GO\s*$|\bN?VARCHAR\s*\(\s*MAX|\bIDENTITY\s*\(|\bUNIQUEIDENTIFIER\b", re.I | re.M),
    ),
    ("mysql", re.compile(r"`|\bENGINE\s*=|\bAUTO_INCREMENT\b|\bUNSIGNED\b|\bENUM\s*\(", re.I)),
    ("bigquery", re.compile(r"\bOPTIONS\s*\(|\bINT64\b|\bSTRUCT\s*<|\bSTRING\s+NOT\b", re.I)),
    ("hive", re.compile(r"\bSTORED\s+AS\b|\bTBLPROPERTIES\b|\bmap\s*<|\bEXTERNAL\s+TABLE\b", re.I)),
    ("clickhouse", re.compile(r"\bMergeTree\b|\bNullable\s*\(|\bLowCardinality\b|\bEnum(8|16)\b", re.I)),
    ("snowflake", re.compile(r"\bVARIANT\b|\bTIMESTAMP_[NL]TZ\b|\bautoincrement\s+start\b", re.I)),
    ("oracle", re.compile(r"\bN?VARCHAR2\b|\bNUMBER\s*[(,)\s]|\bCLOB\b|\bTABLESPACE\b", re.I)),
    ("postgres", re.compile(r"::|\bSERIAL\b|\bBIGSERIAL\b|\bTIMESTAMPTZ\b|\bINET\b|\bJSONB\b|\bCREATE\s+TYPE\b", re.I)),
)
_TELLING = re.compile(
    r"\s*(CREATE\s+(\w+\s+){0,4}?(TABLE|TYPE|DOMAIN)\b|ALTER\s+TABLE\b|COMMENT\s+ON\b"
    r"|CREATE\s+UNIQUE\s+(\w+\s+){0,2}?INDEX\b|EXEC(UTE)?\s+(sys\.)?sp_addextendedproperty\b)",
    re.I,
)
_DOMAIN = re.compile(r"\s*CREATE\s+DOMAIN\s+([^\s(]+)\s+(?:AS\s+)?(.*)", re.I | re.S)
_PARTITION = re.compile(r"\s*CREATE\s+(?:\w+\s+){0,3}?TABLE\s+(\S+)\s+PARTITION\s+OF\s+(\S+)", re.I)
_INHERITS = re.compile(r"\)\s*INHERITS\s*\(([^)]*)\)", re.I)
_UNNAMED = re.compile(r"\bADD\s+CHECK\b", re.I)
_CREATES = re.compile(r"\s*CREATE\s+(?:\w+\s+){0,3}?TABLE\b", re.I)
_BATCH = re.compile(r"^\s*(GO|/)\s*$", re.I | re.M)
_STATES = re.compile(
    r"\b(ENABLE|DISABLE|VALIDATE|NOVALIDATE|RELY|NORELY)\b(?=\s*(?:[,)]|ENABLE|DISABLE|NOVALIDATE|VALIDATE|CHECK))",
    re.I,
)
_IDENTITY = re.compile(  # how Oracle counts
    r"(?:\bON\s+NULL\s+)?\b(AS\s+IDENTITY)(?:\s+(?:(?:MIN|MAX)VALUE|INCREMENT\s+BY|START\s+WITH|CACHE)\s+-?\d+"
    r"|\s+NO(?:CACHE|ORDER|CYCLE|KEEP|SCALE))*",
    re.I,
)
_INDEX = re.compile(r"\bUSING\s+INDEX\b[^,()]*(\([^()]*\)[^,()]*)*", re.I)


def tables(text: str, path: Path) -> tuple[tuple[TargetTable, ...], tuple[str, ...]]:
    """The tables of a script, and what of it they don't hold, a sentence each.

    Raises
    ------
    TargetError
        A CREATE TABLE in it can't be read (the message says in which line), or there is none.
    """
    dialects = _dialects(text)
    script = Script()
    with _quiet():
        for line, statement in _statements(_BATCH.sub(";", text)):
            if domain := _DOMAIN.match(statement):
                # As a table of one column, which conditions on it call VALUE.
                script.define(_parsed(f"CREATE TABLE {domain[1]} (value {domain[2]})", dialects, path, line))
            elif partition := _PARTITION.match(statement):
                script.left_out.append(f"{partition[1]} is a part of {partition[2]}, and no table of its own.")
            elif _TELLING.match(statement):
                parsed = _parsed(_UNNAMED.sub("ADD CONSTRAINT unnamed CHECK", statement), dialects, path, line)
                script.take(parsed)
                for parent in _parents(statement):
                    script.inherit(parsed.this.this, parent)
    found = script.tables()
    if not found:
        raise TargetError(f"{path}: there is no CREATE TABLE with columns in it.")
    return found, tuple(script.left_out)


def _parents(statement: str) -> Iterator[Any]:
    """The tables that a CREATE TABLE inherits from."""
    from sqlglot import expressions as exp

    inherits = _INHERITS.search(statement)
    if inherits and _CREATES.match(statement):
        yield from (exp.to_table(name.strip(), dialect="postgres") for name in inherits[1].split(","))


def _dialects(text: str) -> list[str]:
    """Dialects to read a script in, the likeliest first."""
    signs = {name: len(pattern.findall(text)) for name, pattern in _SIGNS}
    return [*sorted(signs, key=lambda name: -signs[name]), "duckdb"]


def _parsed(statement: str, dialects: Sequence[str], path: Path, line: int) -> Any:
    """A statement, in the first dialect that makes sense of it; None where that matters to no table."""
    import sqlglot
    from sqlglot import expressions as exp
    from sqlglot.errors import SqlglotError

    creates = _CREATES.match(statement) is not None
    fault = ""
    for dialect in dialects:
        try:
            parsed = sqlglot.parse_one(_essential(statement) if creates else statement, read=dialect)
        except SqlglotError as error:
            fault = fault or str(error).splitlines()[0]
            continue
        if not isinstance(parsed, exp.Command):
            return parsed
    if creates and not re.match(r"[^(]*\bAS\s+(SELECT|WITH)\b", statement, re.I):
        said = f" ({fault})" if fault else ""
        raise TargetError(f"{path}, line {line}: this CREATE TABLE can't be read{said}. Take out what isn't standard.")
    return None


def _essential(statement: str) -> str:
    """A CREATE TABLE without what follows its columns, and without how constraints are enforced."""
    depth, quote = 0, ""
    for at, character in enumerate(statement):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"`":
            quote = character
        elif character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
            if depth == 0:
                return _IDENTITY.sub(r"\1", _STATES.sub("", _INDEX.sub("", statement[: at + 1])))
    return statement


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """The statements of a script, each with the line that it begins on; comments are left out."""
    begun, line, at, out = 1, 1, 0, ""
    for token in _TOKENS.finditer(text):
        plain = text[at : token.start()]
        out, line, at = out + plain, line + plain.count("\n"), token.end()
        if token[0] == ";":
            yield begun + _blank_lines(out), out
            out, begun = "", line
            continue
        out += " " * (token.lastgroup == "comment") or token[0]
        out += "\n" * (token[0].count("\n") if token.lastgroup == "comment" else 0)
        line += token[0].count("\n")
    yield begun + _blank_lines(out + text[at:]), out + text[at:]


_TOKENS = re.compile(
    r"(?P<comment>--[^\n]*|/\*.*?\*/|^\#[^\n]*)|(?P<quoted>'(?:[^']|'')*'|\"[^\"]*\"|`[^`]*`|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)|;",
    re.S | re.M,
)


def _blank_lines(text: str) -> int:
    return text[: len(text) - len(text.lstrip())].count("\n")


@contextmanager
def _quiet() -> Iterator[None]:
    """Without sqlglot's word on each statement that it only passes through."""
    logger = logging.getLogger("sqlglot")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
