from __future__ import annotations

import random
from datetime import date

import pytest

from discovery_pipeline.engine import profiling, schema

pick = random.Random(7)
N = 600
QUANTITY = [pick.randint(2, 40) for _ in range(N)]
PRICE = [round(pick.uniform(3, 90), 2) for _ in range(N)]
CODE = [pick.randint(10_000, 10_059) for _ in range(N)]


def rules(analysis: schema.SchemaAnalysis, kind: str) -> set[str]:
    return {r.rule for r in analysis.business_rules if r.kind == kind}


def test_a_product_is_found_with_the_rows_that_break_it(con, given):
    total = [round(q * p, 2) for q, p in zip(QUANTITY, PRICE, strict=True)]
    total[5] = 1.0
    found = schema.analyse(con, given({"line": {"n": range(N), "quantity": QUANTITY, "price": PRICE, "total": total}}))
    (rule,) = (r for r in found.business_rules if r.kind == "arithmetic")
    assert rule.rule == "total = quantity × price" and rule.violations == 1
    assert rule.examples[0].startswith("row 5: total = 1.0")


def test_a_sum_and_a_fixed_factor_are_found(con, given):
    tax = [round(p * 0.4 + pick.random() * 5, 2) for p in PRICE]
    gross = [round(p + t, 2) for p, t in zip(PRICE, tax, strict=True)]
    gigabytes = [pick.choice([2, 4, 8, 16, 24, 32, 48, 64]) for _ in range(N)]
    table = {"net": PRICE, "tax": tax, "gross": gross, "ram_gb": gigabytes, "ram_mb": [g * 1024 for g in gigabytes]}
    found = rules(schema.analyse(con, given({"t": table})), "arithmetic")
    assert {"gross = net + tax", "ram_mb = ram_gb × 1024"} <= found


def test_unrelated_numbers_have_no_arithmetic(con, given):
    noise = {f"n{i}": [pick.randint(0, 999) for _ in range(N)] for i in range(6)}
    assert not schema.analyse(con, given({"noise": noise})).business_rules


def test_dates_come_in_order_but_for_exceptions(con, given):
    opened = [f"20{pick.randint(10, 20)}-{pick.randint(1, 12):02d}-{pick.randint(1, 28):02d}" for _ in range(N)]
    closed = [f"{int(o[:4]) + pick.randint(0, 1)}-12-{pick.randint(28, 31)}" for o in opened]
    closed[3] = "1999-01-01"
    (order,) = schema.analyse(con, given({"case": {"opened": opened, "closed": closed}})).temporal
    assert (order.before, order.after, order.exceptions) == ("opened", "closed", 1)
    assert order.examples[0].startswith("row 3:")


def test_dates_whose_months_are_named_come_in_order_too(con, given):
    fr = ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.")
    opened = [f"{pick.randint(1, 28)} {pick.choice(fr)} 20{pick.randint(10, 20)}" for _ in range(N)]
    closed = [f"{pick.randint(29, 31)} déc. {int(o[-4:]) + pick.randint(0, 1)}" for o in opened]
    tables = given({"case": {"opened": opened, "closed": closed}})
    (order,) = schema.analyse(con, tables, profiling.profile(con, tables, today=date(2026, 1, 1))).temporal
    assert (order.before, order.after, order.exceptions) == ("opened", "closed", 0)


def test_dates_of_other_years_are_in_no_order(con, given):
    born = [f"19{50 + i % 40}-01-0{1 + i % 9}" for i in range(N)]
    hired = [f"2020-0{1 + i % 9}-11" for i in range(N)]
    table = {"born": born, "hired": hired}
    assert not schema.analyse(con, given({"person": table})).temporal


def test_a_dependency_survives_typing_errors(con, given):
    city = [f"City {c % 23}" for c in CODE]
    city[0] = "Ctiy"
    found = schema.analyse(con, given({"site": {"n": range(N), "zip": CODE, "city": city, "x": QUANTITY}}))
    (dependency,) = (d for d in found.functional_dependencies if d.determinant == ("zip",))
    assert (dependency.dependent, dependency.violations) == ("city", 1)
    assert not any("x" in (*d.determinant, d.dependent) for d in found.functional_dependencies)


def test_of_equally_frequent_examples_the_same_are_told_each_time(con, given):
    city = [f"City {c}" for c in CODE]
    for row in range(12):
        city[row] = f"Ctiy {CODE[row]}"
    backwards = {"zip": CODE[::-1], "city": city[::-1]}
    found = [
        schema.analyse(con, given({"site": table})).functional_dependencies
        for table in ({"zip": CODE, "city": city}, backwards)
    ]
    forth, back = (next(d.examples for d in told if d.determinant == ("zip",)) for told in found)
    assert forth == back != ()


@pytest.mark.parametrize(
    ("column", "kind", "words"),
    [
        ("retired", "implication", "where status is retired, owner is empty"),
        ("memory", "range", "where env is prod, memory is between"),
        ("host", "format", "where os is windows, host looks like A-9"),
        ("backup", "implication", "where env is prod, backup is yes"),
    ],
)
def test_a_category_says_something_of_its_rows(con, given, column: str, kind: str, words: str):
    status = [pick.choice(["live", "live", "retired"]) for _ in range(N)]
    env = [pick.choice(["prod", "test", "dev"]) for _ in range(N)]
    os = [pick.choice(["windows", "linux"]) for _ in range(N)]
    tables = given(
        {
            "server": {
                "id": range(N),
                "status": status,
                "env": env,
                "os": os,
                "owner": [None if s == "retired" else f"p{pick.randint(1, 99)}" for s in status],
                "memory": [pick.randint(64, 99) if e == "prod" else pick.randint(1, 40) for e in env],
                "host": [f"WIN-{i}" if o == "windows" else f"lnx{i}x" for i, o in enumerate(os)],
                "backup": ["yes" if e == "prod" else pick.choice(["yes", "no"]) for e in env],
            }
        }
    )
    assert any(r.startswith(words) for r in rules(schema.analyse(con, tables), kind)), column
