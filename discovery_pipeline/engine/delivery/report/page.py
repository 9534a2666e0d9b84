"""The page: everything put in its place, as one HTML file that needs nothing else.

No script, no request, nothing that a value could become: the template escapes every text, and the page's own policy
forbids whatever might slip through.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import count
from typing import TYPE_CHECKING

import duckdb

from discovery_pipeline.engine.delivery.report import charts, columns, samples, summary
from discovery_pipeline.engine.delivery.report.contents import Contents
from discovery_pipeline.engine.delivery.report.diagram import diagram
from discovery_pipeline.engine.delivery.report.masking import Mask, mask_of
from discovery_pipeline.engine.mapping.model import MappedField
from discovery_pipeline.engine.phrases import duration, size
from discovery_pipeline.engine.risk.model import LEVELS, Risk
from discovery_pipeline.engine.risk.outcomes import outcomes
from discovery_pipeline.engine.shares import percent

if TYPE_CHECKING:
    from jinja2 import Environment

_LONGEST = 120
_MOST_RULES = 15
_MOST_PROBLEMS = 100
_CONTROL = {code: "·" for code in (*range(32), 127, *range(0x202A, 0x202F), *range(0x2066, 0x206A))} | {10: "⏎", 13: ""}


@dataclass(frozen=True, slots=True)
class KeptRule:
    """Something that holds for (nearly) all rows of a table."""

    table: str
    rule: str
    support: int
    violations: int
    example: str


@dataclass(frozen=True, slots=True)
class NumberedRisk:
    """A risk under the number that it has on the matrix."""

    number: int
    risk: Risk


def render(con: duckdb.DuckDBPyConnection, contents: Contents, *, unmasked: bool = False) -> str:
    """The report as HTML.

    Parameters
    ----------
    con
        Reads the few examples that are shown from the logs of patches and of rejected rows.
    unmasked
        Show personal values as they are; without it they stand as initials.
    """
    fields = (field for story in contents.targets for field in (*story.fields, *story.waiting))
    mask = mask_of(contents.profile, raised=unmasked).filling(fields)
    ends = outcomes(con, [story.verdict for story in contents.targets if story.verdict])
    rejected = [replace(one, reason=mask.refusal(one.reason)) for one in samples.rejections(con, ends)]
    to_correct = samples.rows_to_correct(con, ends)
    dimensions = contents.quality.dimensions if contents.quality else ()
    risks = _numbered(contents)
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            contents=contents,
            mask=mask,
            ends={end.verdict.target: end for end in ends},
            titles={story.target.name: story.target.title for story in contents.targets},
            private=mask.private,
            lead=summary.lead(contents, ends, to_correct),
            problems=summary.problems(contents),
            shown_problems=summary.PROBLEMS,
            most_problems=_MOST_PROBLEMS,
            in_order=_in_order(contents),
            steps=summary.next_steps(contents, rejected, to_correct),
            rules=samples.rules(con, contents.patches) if contents.patches else (),
            rejected=rejected,
            diagram=diagram(contents.profile, contents.analysis),
            kept=_kept(contents, mask)[:_MOST_RULES],
            tables=[columns.lines(table, mask) for table in contents.profile.tables],
            floor=charts.axis_floor([score for d in dimensions for score in (d.before, d.after)]),
            risks=risks,
            matrix=_matrix(risks),
            levels=LEVELS,
        )
    )


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("discovery_pipeline.engine.delivery.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "shown": shown,
        "number": lambda value: f"{value:,}",
        "percent": percent,
        "size": size,
        "duration": duration,
    }
    environment.globals["along"] = charts.along
    return environment


def shown(text: object, longest: int = _LONGEST) -> str:
    """A text from the data in one line: control and direction marks made visible, the end cut off where it is long."""
    line = str(text).translate(_CONTROL)
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _in_order(contents: Contents) -> Callable[[Sequence[MappedField]], list[MappedField]]:
    """Sorts mapped fields as their columns stand in the files."""
    tables = {table.name: i for i, table in enumerate(contents.profile.tables)}
    columns = {(t.name, c.name): c.position for t in contents.profile.tables for c in t.columns}
    return lambda fields: sorted(
        fields,
        key=lambda f: (tables.get(f.source_table, len(tables)), columns.get((f.source_table, f.source_field), 0)),
    )


def _numbered(contents: Contents) -> list[NumberedRisk]:
    return [
        NumberedRisk(n, risk) for n, risk in zip(count(1), contents.risk.risks if contents.risk else (), strict=False)
    ]


def _matrix(risks: Sequence[NumberedRisk]) -> list[tuple[str, list[tuple[int, list[NumberedRisk]]]]]:
    """Rows of impact from high to low; in each, by likelihood, the gravity of the cell and the risks in it."""
    return [
        (
            impact,
            [
                (
                    (LEVELS.index(likelihood) + 1) * (LEVELS.index(impact) + 1),
                    [one for one in risks if (one.risk.likelihood, one.risk.impact) == (likelihood, impact)],
                )
                for likelihood in LEVELS
            ],
        )
        for impact in reversed(LEVELS)
    ]


def _kept(contents: Contents, mask: Mask) -> list[KeptRule]:
    """Orders, dependencies and rules in one list, those with exceptions first: they are where to look."""
    found = contents.analysis
    kept = [
        KeptRule(o.table, f"{o.before} ≤ {o.after}", o.support, o.exceptions, _example(o.examples))
        for o in found.temporal
    ]
    kept += [
        KeptRule(f.table, f"{', '.join(f.determinant)} decides {f.dependent}", f.support, f.violations, "")
        for f in found.functional_dependencies
    ]
    kept += [
        KeptRule(
            r.table, mask.text(r.rule), r.support, r.violations,
            "" if any(mask.column(r.table, c) for c in r.columns) else _example(r.examples),
        )
        for r in found.business_rules
    ]  # fmt: skip
    return sorted(kept, key=lambda rule: (rule.violations == 0, -rule.support))


def _example(examples: Sequence[str]) -> str:
    return examples[0] if examples else ""
