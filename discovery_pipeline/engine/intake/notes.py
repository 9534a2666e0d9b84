"""Notes: the findings of intake, each rule with its weight and what a person can do, in one table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from discovery_pipeline.engine.findings import Dimension, Finding, Severity
from discovery_pipeline.engine.phrases import counted

EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Rule:
    """How bad it is when a rule applies, which dimension it counts against, and what to do."""

    severity: Severity
    dimension: Dimension
    action: str


_INFO, _WARNING, _ERROR = Severity.INFO, Severity.WARNING, Severity.ERROR
_ACCURACY, _COMPLETE, _CONSISTENT = Dimension.ACCURACY, Dimension.COMPLETENESS, Dimension.CONSISTENCY
_MEND = "They are kept with line and reason among the rejected rows; mend them in the source."
_APART = "If they are another table, put it into a file or sheet of its own."
RULES = {
    "preamble": Rule(_INFO, _ACCURACY, "Nothing, if these are titles or notes; else say how many lines to skip."),
    "notes_below": Rule(_INFO, _COMPLETE, "Nothing, if these are notes; they are kept among the rejected rows."),
    "comments": Rule(_INFO, _COMPLETE, "Nothing; they are kept among the rejected rows."),
    "totals": Rule(
        _WARNING, _ACCURACY, "Take them out of the source, or correct these rows, if they repeat the others."
    ),
    "tables_below": Rule(_WARNING, _ACCURACY, f"Look at these rows. {_APART}"),
    "tables_beside": Rule(_WARNING, _ACCURACY, f"Look at the columns on both sides. {_APART}"),
    "repeated_headers": Rule(_INFO, _COMPLETE, "Nothing; files were joined with their headers."),
    "no_header": Rule(_WARNING, _ACCURACY, "Name the columns in the source, or say how many rows the header takes."),
    "no_rows": Rule(_WARNING, _COMPLETE, "Check the export."),
    "stacked_header": Rule(_INFO, _ACCURACY, "Check the names."),
    "duplicate_headers": Rule(_WARNING, Dimension.UNIQUENESS, "Name each column once in the source."),
    "unnamed_columns": Rule(_INFO, _ACCURACY, "Name them in the source."),
    "empty_rows": Rule(_INFO, _COMPLETE, "Nothing."),
    "empty_columns": Rule(_INFO, _COMPLETE, "Nothing."),
    "rejected_rows": Rule(_ERROR, _COMPLETE, _MEND),
    "short_rows": Rule(_WARNING, _COMPLETE, "Check the last columns of these rows."),
    "long_rows": Rule(_WARNING, _COMPLETE, "Check that no cell of these rows has moved."),
    "stray_quotes": Rule(_WARNING, _ACCURACY, "Check these rows; double the quotes in the source."),
    "open_quotes": Rule(_WARNING, _ACCURACY, "Check these rows; close the quotes in the source."),
    "escaped_delimiters": Rule(_INFO, _CONSISTENT, "Check these rows."),
    "other_delimiter": Rule(_WARNING, _CONSISTENT, "Check these rows; write all of them by one program."),
    "nul_characters": Rule(_WARNING, _ACCURACY, "Check the program that wrote the file."),
    "mixed_encodings": Rule(_WARNING, _CONSISTENT, "Check names with accents."),
    "undecodable": Rule(_WARNING, _ACCURACY, "Say which encoding the file has."),
    "pages": Rule(_INFO, _COMPLETE, "Nothing; what pages say of themselves is left out."),
    "hidden_sheet": Rule(_INFO, _ACCURACY, "Leave the sheet out if it isn't meant."),
    "merged_cells": Rule(_INFO, _ACCURACY, "Nothing; where it is an amount, sums count it more than once."),
    "uncalculated": Rule(_WARNING, _COMPLETE, "Open the workbook in a spreadsheet, let it calculate, and save it."),
    "error_cells": Rule(_WARNING, _ACCURACY, "Mend the formulas, or fill in what they should come to."),
    "broken_sheet": Rule(_ERROR, _COMPLETE, "Save the workbook again."),
}


def note(table: str, rule: str, rows: int, evidence: str, examples: Iterable[object] = ()) -> Finding:
    """The finding that a rule makes of what was seen."""
    about = RULES[rule]
    return Finding(
        table=table,
        rule=f"intake.{rule}",
        severity=about.severity,
        dimension=about.dimension,
        count=rows,
        examples=tuple(str(example)[:200] for example in list(examples)[:EXAMPLES]),
        evidence=evidence,
        action=about.action,
    )


def header_notes(table: str, names: Sequence[str], given: Sequence[str]) -> Iterator[Finding]:
    """What is odd about a header: names that repeat, cells without one."""
    repeated = sorted({name for name, other in zip(names, given, strict=True) if name and name != other})
    if repeated:
        what = f"{counted(len(repeated), 'name')} repeated in the header; the later ones are numbered."
        yield note(table, "duplicate_headers", len(repeated), what, repeated)
    unnamed = [other for name, other in zip(names, given, strict=True) if not name]
    if unnamed:
        what = f"{len(unnamed)} of {len(names)} columns have no name; they are called by their position."
        yield note(table, "unnamed_columns", len(unnamed), what, unnamed)


def layout_notes(table: str, header_rows: int, above: Sequence[str], names: Sequence[str]) -> Iterator[Finding]:
    """What lay around the table: lines above it, a header of no or of several rows."""
    if above:
        what = f"{counted(len(above), 'line')} above the header not taken as part of the table."
        yield note(table, "preamble", len(above), what, above)
    if not header_rows:
        what = "The first row reads like data, so the columns are called by their position."
        yield note(table, "no_header", 0, what)
    if header_rows > 1:
        what = f"The header takes {header_rows} rows; a column's name joins them."
        yield note(table, "stacked_header", 0, what, names)
