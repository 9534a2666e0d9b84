"""A made-up estate, exported the way real ones are: six files in five formats, with the faults that exports have.

`python examples/estate.py --out DIR` writes them. `build` gives the same rows and every planted fault as values, so
that what a run found can be counted against what was put in. Nobody and nothing in it exists: names are drawn from
lists, addresses are private, hosts and mailboxes are example.com's. `--scale` writes one wide table for benchmarks.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import landscape
from landscape import AS_OF, STATUSES, USES, Record

NULL_TOKENS = ("N/A", "-", "unknown", "NULL", "n/a", "TBD")
DAY_FORMATS = ("%d.%m.%Y", "%m/%d/%Y", "%d-%b-%Y", "%Y/%m/%d")
HOSTILE_NOTES = ("=1+1 spare disks ordered", "<b>ask before</b> <img src=x onerror=alert(1)>", "@contractor knows more")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a file; `row` is 0-based and None where the whole file is meant."""

    file: str
    row: int | None
    column: str
    kind: str
    found: str
    meant: str | None = None  # what stood there before; None where that can't be known from the file


@dataclass
class Row:
    """A record in the making, with what was done to it."""

    values: Record
    faults: list[Fault] = field(default_factory=list)

    def spoil(self, column: str, kind: str, found: str, *, mendable: bool = True) -> None:
        """Put `found` where a good value was, and remember it. A cell is spoilt once."""
        if any(fault.column in {column, "*"} for fault in self.faults):
            return
        meant = str(self.values[column]) if mendable else None
        self.faults.append(Fault("", None, column, kind, found, meant))
        self.values[column] = found


@dataclass(frozen=True)
class Estate:
    """All files as records, and all that is wrong with them."""

    files: dict[str, list[Record]]
    faults: tuple[Fault, ...]

    def counted(self) -> dict[tuple[str, str], int]:
        """Faults by file and kind."""
        counts: dict[tuple[str, str], int] = {}
        for fault in self.faults:
            counts[fault.file, fault.kind] = counts.get((fault.file, fault.kind), 0) + 1
        return counts


def build(servers: int = 2000, seed: int = 7) -> Estate:
    """The estate of that seed: always the same for the same arguments."""
    rng = random.Random(seed)
    people = landscape.people()
    good = [landscape.server(rng, n, people) for n in range(servers)]
    applications = [landscape.application(rng, n, people) for n in range(max(servers // 12, 1))]
    utilisation = [landscape.utilisation(rng, server) for server in good]
    relations = landscape.relations(rng, applications, good)
    vms = [landscape.vm(rng, server) for server in good if server["virtual"] == "true"]

    faulty = _spoilt_servers(rng, [Row(dict(server)) for server in good])
    files = {
        "servers.csv": faulty,
        "vms.xlsx": _spoilt_vms(rng, [Row(vm) for vm in vms]),
        "applications.jsonl": [Row(application) for application in applications],
        "relations.csv": _spoilt_relations(rng, [Row(relation) for relation in relations]),
        "locations.csv": [Row(place) for place in landscape.locations()],
        "utilisation.parquet": [Row(sample) for sample in utilisation],
    }
    placed = tuple(
        replace(fault, file=file, row=position)
        for file, rows in files.items()
        for position, row in enumerate(rows)
        for fault in row.faults
    )
    whole = (
        Fault("servers.csv", None, "*", "file.bom", "UTF-8 with a byte order mark"),
        Fault("locations.csv", None, "*", "file.encoding", "cp1252, semicolons, decimal commas"),
    )
    return Estate({file: [row.values for row in rows] for file, rows in files.items()}, placed + whole)


def planted(servers: int = 2000, seed: int = 7) -> tuple[Fault, ...]:
    """What is wrong with the estate of that seed."""
    return build(servers, seed).faults


def write(estate: Estate, out: Path) -> tuple[Path, ...]:
    """Write every file of the estate into a folder; their paths."""
    out.mkdir(parents=True, exist_ok=True)
    writers: dict[str, Callable[[Path, Sequence[Record]], None]] = {
        "servers.csv": lambda path, rows: _write_csv(path, rows, encoding="utf-8-sig", terminator="\r\n"),
        "vms.xlsx": _write_workbook,
        "applications.jsonl": _write_json_lines,
        "relations.csv": _write_csv,
        "locations.csv": lambda path, rows: _write_csv(path, rows, encoding="cp1252", delimiter=";"),
        "utilisation.parquet": _write_parquet,
    }
    for file, rows in estate.files.items():
        writers[file](out / file, rows)
    return tuple(out / file for file in estate.files)


# What exporting it, copying it about and typing into it did.


def _spoilt_servers(rng: random.Random, rows: list[Row]) -> list[Row]:
    for row in rows:
        _spoil_addresses(rng, row)
        _spoil_quantities(rng, row)
        _spoil_words(rng, row)
    for row, note in zip(rng.sample(rows, min(len(HOSTILE_NOTES), len(rows))), HOSTILE_NOTES, strict=False):
        row.values["comments"] = note
    return _with_duplicates(rng, rows)


def _spoil_addresses(rng: random.Random, row: Row) -> None:
    if rng.random() < 0.012:
        row.spoil("ip_address", "ip.invalid", f"999.{rng.randrange(300)}.0.{rng.randrange(300)}", mendable=False)
    if rng.random() < 0.08:
        row.spoil("mac_address", "mac.notation", _other_notation(rng, str(row.values["mac_address"])))
    if rng.random() < 0.012:
        row.spoil("mac_address", "mac.short", str(row.values["mac_address"])[:11], mendable=False)
    if rng.random() < 0.015:
        row.spoil("managed_by", "email.invalid", str(row.values["managed_by"]).replace("@", " at "))


def _spoil_quantities(rng: random.Random, row: Row) -> None:
    megabytes, gigabytes = int(str(row.values["ram"])), int(str(row.values["disk_space"]))
    if rng.random() < 0.12:
        spelt = (f"{megabytes // 1024} GB", f"{megabytes // 1024}GB", f"{megabytes} MB")
        row.spoil("ram", "unit.mixed", rng.choice(spelt))
    if gigabytes >= 1024 and rng.random() < 0.3:
        row.spoil("disk_space", "unit.mixed", f"{gigabytes / 1024:g} TB")
    if rng.random() < 0.03:
        row.spoil("cost", "number.format", _decimal_comma(float(str(row.values["cost"]))))
    if rng.random() < 0.10:
        row.spoil("install_date", "date.format", landscape.installed(row.values).strftime(rng.choice(DAY_FORMATS)))


def _spoil_words(rng: random.Random, row: Row) -> None:
    if rng.random() < 0.2:
        _respell(rng, row, "used_for", USES)
    if rng.random() < 0.1:
        _respell(rng, row, "operational_status", STATUSES)
    if rng.random() < 0.06:
        row.spoil("virtual", "vocabulary.variant", {"true": "Yes", "false": "No"}[str(row.values["virtual"])])
    if "ü" in str(row.values["location"]) and rng.random() < 0.05:
        row.spoil("location", "text.mojibake", str(row.values["location"]).encode().decode("cp1252"))
    for column in ("os_version", "department", "support_group", "serial_number"):
        if rng.random() < 0.015:
            row.spoil(column, "null.token", rng.choice(NULL_TOKENS), mendable=False)
    for column in ("name", "manufacturer", "os"):
        if rng.random() < 0.02:
            row.spoil(column, "text.spaces", f"{row.values[column]}{rng.choice((' ', '  '))}")


def _with_duplicates(rng: random.Random, rows: list[Row]) -> list[Row]:
    """One in a hundred rows again as it is, later in the file; one in a hundred again, discovered anew."""
    few = max(len(rows) // 100, 1)
    copies = [Row(dict(row.values), list(row.faults)) for row in rng.sample(rows, few)]
    for copy in copies:
        copy.faults.append(Fault("", None, "*", "duplicate.exact", str(copy.values["sys_id"])))
    again = [Row(dict(r.values), [f for f in r.faults if f.column != "name"]) for r in rng.sample(rows, few)]
    for copy in again:
        twin = copy.values["sys_id"]
        copy.values |= {
            "sys_id": f"{rng.getrandbits(128):032x}",
            "name": str(copy.values["name"]).upper(),
            "last_discovered": AS_OF.strftime("%Y-%m-%d %H:%M:%S"),
        }
        copy.faults.append(Fault("", None, "*", "duplicate.near", str(twin)))
    out = list(rows)
    for copy in copies + again:
        out.insert(rng.randrange(len(rows) // 2, len(out) + 1), copy)
    return out


def _spoilt_vms(rng: random.Random, rows: list[Row]) -> list[Row]:
    for row in rows:
        if rng.random() < 0.03:
            row.spoil("Primary IP Address", "null.token", "", mendable=False)
        if rng.random() < 0.02:
            row.spoil("DNS Name", "text.spaces", f"{row.values['DNS Name']} ")
        if rng.random() < 0.01:
            row.spoil("VM", "reference.orphan", f"{row.values['VM']}-clone", mendable=False)
    return rows


def _spoilt_relations(rng: random.Random, rows: list[Row]) -> list[Row]:
    for row in rows:
        if rng.random() < 0.03:
            end = rng.choice(("parent", "child"))
            row.spoil(end, "reference.orphan", f"{rng.getrandbits(128):032x}", mendable=False)
    for row in rng.sample(rows, len(rows) // 100):
        copy = Row(dict(row.values), list(row.faults))
        copy.faults.append(Fault("", None, "*", "duplicate.exact", str(copy.values["sys_id"])))
        rows = [*rows, copy]
    return rows


def _respell(rng: random.Random, row: Row, column: str, vocabulary: dict[str, tuple[str, ...]]) -> None:
    spellings = vocabulary[str(row.values[column])]
    if spellings:
        row.spoil(column, "vocabulary.variant", rng.choice(spellings))


def _other_notation(rng: random.Random, mac: str) -> str:
    digits = mac.replace(":", "")
    return rng.choice((mac.upper().replace(":", "-"), ".".join((digits[:4], digits[4:8], digits[8:])), digits.upper()))


def _decimal_comma(amount: float) -> str:
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))


# Files.


def _write_csv(
    path: Path, rows: Sequence[Record], *, encoding: str = "utf-8", delimiter: str = ",", terminator: str = "\n"
) -> None:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), delimiter=delimiter, lineterminator=terminator)
        writer.writeheader()
        writer.writerows(rows)


def _write_json_lines(path: Path, rows: Sequence[Record]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def _write_workbook(path: Path, rows: Sequence[Record]) -> None:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("vInfo")
    for line in _lines(rows):
        sheet.append(line)
    book.save(path)


def _write_parquet(path: Path, rows: Sequence[Record]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist(list(rows)), path)


def _lines(rows: Sequence[Record]) -> Iterable[list[object]]:
    yield list(rows[0])
    yield from (list(row.values()) for row in rows)


def main() -> None:
    """Write the sample, or one large table."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--out", type=Path, required=True, help="folder; with --scale the file to write")
    asked.add_argument("--servers", type=int, default=2000)
    asked.add_argument("--seed", type=int, default=7)
    asked.add_argument("--truth", type=Path, help="also write the planted faults, as JSON Lines")
    asked.add_argument("--scale", type=int, metavar="ROWS", help="instead: one table of that many rows")
    asked.add_argument("--columns", type=int, default=25, help="columns of that table")
    given = asked.parse_args()
    if given.scale:
        given.out.parent.mkdir(parents=True, exist_ok=True)
        from inventory import scale

        scale(given.out, given.scale, given.columns, given.seed)
        return
    estate = build(given.servers, given.seed)
    for path in write(estate, given.out):
        print(f"{path}  {len(estate.files[path.name])} rows")
    if given.truth:
        _write_json_lines(given.truth, [asdict(fault) for fault in estate.faults])


if __name__ == "__main__":
    main()
