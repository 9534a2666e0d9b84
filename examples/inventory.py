"""One wide inventory as CSV or Parquet, as large as a benchmark wants it, made by one query in bounded memory."""

from __future__ import annotations

from pathlib import Path

import duckdb
from estate import NULL_TOKENS
from landscape import CITIES, DEPARTMENTS, HARDWARE, NOTES, OS_RELEASES, ROLES, SYSTEMS, USES


def scale(path: Path, rows: int, columns: int = 25, seed: int = 7) -> None:
    """One inventory of that many rows and columns, as CSV or by the name's ending Parquet.

    Columns beyond the first 25 are tags and readings in turn. Every 50th value or so of a column is faulty.
    """

    def drawn(salt: int, below: int) -> str:
        return f"(hash(i * 1000003 + {seed * 1009 + salt}) % {below})"

    def one_of(salt: int, *words: str) -> str:
        listed = ", ".join("'" + word.replace("'", "''") + "'" for word in words)
        return f"[{listed}][1 + {drawn(salt, len(words))}::int]"

    def sometimes(salt: int, faulty: str, good: str, once_in: int = 50) -> str:
        return f"case when {drawn(salt, once_in)} = 0 then {faulty} else {good} end"

    family = one_of(3, *OS_RELEASES)
    seen = f"(timestamp '2026-06-01' + to_seconds({drawn(20, 2500000)}::int))"
    installed = f"(date '2014-01-01' + {drawn(12, 4400)}::int)"
    wide = {
        "sys_id": f"md5(i || '-{seed}')",
        "name": f"{one_of(1, *SYSTEMS)} || '-' || {one_of(2, *ROLES)} || '-' || lpad(i::text, 8, '0')",
        "fqdn": f"'host' || i || '.' || {one_of(4, 'de', 'ch', 'us', 'gb')} || '.example.com'",
        "ip_address": sometimes(
            5,
            "'999.1.' || (i % 300) || '.7'",
            "'10.' || (i // 62500 % 250) || '.' || (i // 250 % 250) || '.' || i % 250",
        ),
        "mac_address": sometimes(
            6,
            "upper(lpad(to_hex(i), 12, '0'))",
            "'02:50:' || regexp_replace(lpad(to_hex(i % 4294967296), 8, '0'), '(..)(..)(..)(..)', '\\1:\\2:\\3:\\4')",
        ),
        "os": family,
        "os_version": f"({drawn(7, 12)} + 4) || '.' || {drawn(8, 10)}",
        "cpu_count": f"(1 + {drawn(9, 4)})",
        "cpu_core_count": f"[2, 4, 8, 16, 32][1 + {drawn(10, 5)}::int]",
        "ram": sometimes(11, f"(4 * (1 + {drawn(13, 16)})) || ' GB'", f"(4096 * (1 + {drawn(13, 16)}))::text"),
        "disk_space": f"(20 * (1 + {drawn(14, 200)}))",
        "used_for": sometimes(15, one_of(16, "PRD", "Prod", "TST", "dev"), one_of(17, *USES), 8),
        "operational_status": one_of(18, "Operational", "Operational", "Operational", "Retired"),
        "install_date": sometimes(19, f"strftime({installed}, '%d.%m.%Y')", f"strftime({installed}, '%Y-%m-%d')", 20),
        "last_discovered": f"strftime({seen}, '%Y-%m-%d %H:%M:%S')",
        "serial_number": sometimes(21, one_of(22, *NULL_TOKENS), f"'SN' || lpad(to_hex({drawn(23, 10**12)}), 10, '0')"),
        "manufacturer": sometimes(24, "'Dell Inc. '", one_of(25, *HARDWARE)),
        "model_id": f"'Model ' || {drawn(26, 60)}",
        "location": one_of(27, *(city for city, _, _ in CITIES)),
        "department": one_of(28, *DEPARTMENTS),
        "owned_by": f"case when {drawn(29, 16)} > 0 then 'person' || {drawn(30, 5000)} || '@example.com' end",
        "cost": f"round(20 + {drawn(31, 250000)} / 100.0, 2)",
        "cpu_avg_percent": f"round({drawn(32, 1000)} / 10.0, 1)",
        "virtual": one_of(33, "true", "true", "true", "false"),
        "comments": f"case when {drawn(34, 3)} = 0 then {one_of(35, *NOTES)} end",
    }
    for extra in range(len(wide), columns):
        tag = one_of(100 + extra, "red", "amber", "green", "N/A")
        wide[f"tag_{extra}" if extra % 2 else f"reading_{extra}"] = (
            tag if extra % 2 else f"round({drawn(100 + extra, 10**6)} / 100.0, 2)"
        )
    chosen = ", ".join(f'{expression} as "{column}"' for column, expression in list(wide.items())[:columns])
    form = "format parquet" if path.suffix == ".parquet" else "format csv, header"
    with duckdb.connect(config={"memory_limit": "700MB"}) as con:
        con.execute(
            f"copy (select {chosen} from range({rows}) r(i)) to '{str(path).replace(chr(39), chr(39) * 2)}' ({form})"
        )
