"""Databases made up at random, with their foreign keys known: many namings, key kinds and faults.

Usage: python -m benchmarks.made_databases OUT [--count 40] [--seed 1]

Each database draws its own conventions (how tables and keys are called, what keys look like, how dirty references
are), so that what is learnt from some must hold for others. Columns that only look like references are in all.
"""

from __future__ import annotations

import argparse
import csv
import random
import string
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


def _list(words: str) -> list[str]:
    return words.split()


Value = str | int | float | None

ENTITIES = {
    "lookup": _list("category status country region language currency genre brand unit priority segment channel grade"),
    "person": _list("user employee customer person staff member student contact patient teacher"),
    "master": _list(
        "product article project building warehouse vehicle course book film server application contract supplier "
        "company department hotel airport station machine location account room device"
    ),
    "event": _list(
        "order invoice payment booking shipment ticket visit rental flight session review incident change "
        "delivery enrollment transaction measurement job reservation claim"
    ),
}
GERMAN = {
    "category": "Kategorie", "country": "Land", "region": "Gebiet", "customer": "Kunde", "employee": "Mitarbeiter",
    "product": "Produkt", "article": "Artikel", "order": "Bestellung", "invoice": "Rechnung", "supplier": "Lieferant",
    "department": "Abteilung", "project": "Projekt", "building": "Gebaeude", "contract": "Vertrag", "room": "Raum",
    "vehicle": "Fahrzeug", "payment": "Zahlung", "delivery": "Lieferung", "location": "Standort", "company": "Firma",
    "account": "Konto", "student": "Schueler", "teacher": "Lehrer", "course": "Kurs", "book": "Buch",
    "machine": "Maschine", "language": "Sprache", "currency": "Waehrung", "status": "Status", "device": "Geraet",
}  # fmt: skip
ABBREVIATED = {
    "employee": "emp", "customer": "cust", "department": "dept", "product": "prod", "category": "cat",
    "supplier": "supp", "location": "loc", "account": "acct", "order": "ord", "invoice": "inv", "warehouse": "wh",
    "transaction": "trx", "application": "app", "country": "ctry", "region": "reg", "company": "comp",
}  # fmt: skip
SYNONYMS = {
    "customer": "client", "employee": "worker", "product": "item", "film": "movie", "order": "purchase",
    "supplier": "vendor", "company": "firm", "user": "person", "application": "program", "warehouse": "depot",
    "department": "division", "course": "class", "room": "chamber", "vehicle": "car", "payment": "transfer",
    "article": "good", "location": "place", "category": "group", "invoice": "bill", "person": "individual",
    "ticket": "case", "project": "undertaking", "server": "machine", "building": "house", "book": "volume",
}  # fmt: skip
ROLES = ["owner", "created_by", "assigned_to", "approver", "manager", "author", "reviewer", "requested_by", "agent"]
QUALIFIERS = ["primary", "billing", "home", "default", "previous", "source", "target", "main", "original", "second"]
PLURALS = {"person": "people", "staff": "staff"}
WORDS = _list(
    "alpha bravo delta echo gold iron lake moon north oak pine rock sun star stone tree wolf zinc amber coral"
)
CITIES = _list("Berlin Paris Rome Madrid Vienna Prague Oslo Lisbon Athens Dublin Zurich Munich Porto Lyon Graz")
COUNTRIES = _list("US DE FR GB IT ES NL BE AT CH PL SE NO DK FI PT IE GR CZ HU")


@dataclass
class Made:
    """A table in the making."""

    noun: str
    name: str
    columns: dict[str, list[Value]] = field(default_factory=dict)
    key: tuple[str, ...] = ()
    keys: list[Value] = field(default_factory=list)  # of a single key
    shown: str | None = None  # a column with a unique name

    @property
    def rows(self) -> int:
        """Rows made so far."""
        return len(next(iter(self.columns.values()), []))


class Convention:
    """How one database calls and numbers things."""

    def __init__(self, pick: random.Random) -> None:
        self.case = pick.choice(["snake", "snake", "camel", "pascal", "upper"])
        self.words = pick.choice(["english"] * 6 + ["german", "abbreviated", "abbreviated"])
        self.plural = pick.random() < 0.5
        self.prefix = pick.choice(["", "", "", "tbl_", "erp_", "dim_", "app_"])
        self.key_name = pick.choice(["id", "id", "noun_id", "noun_id", "noun_key", "noun_nr", "noun_code", "sys_id"])
        self.link = pick.choice(["id", "id", "id", "plain", "fk_last", "fk_first", "ref"])
        self.initials = pick.random() < 0.12
        self.silent = pick.random() < 0.12
        self.key_kind = pick.choice(["serial"] * 6 + ["offset", "sparse", "hex", "code", "mixed", "mixed"])
        self.display = pick.random() < 0.25
        self.orphans = pick.choice([0.0, 0.0, 0.0, 0.005, 0.02])
        self.nulls = pick.choice([0.0, 0.1, 0.3])
        self.synonyms = pick.random() < 0.3
        self.sentinel = pick.random() < 0.1

    def noun(self, noun: str) -> str:
        """The noun in this database's language."""
        if self.words == "german":
            return GERMAN.get(noun, noun).lower()
        return ABBREVIATED.get(noun, noun) if self.words == "abbreviated" else noun

    def table(self, noun: str) -> str:
        """A table's name; abbreviations are for columns only."""
        word = GERMAN.get(noun, noun).lower() if self.words == "german" else noun
        if self.plural and self.words != "german":
            word = PLURALS.get(word) or (word[:-1] + "ies" if word.endswith("y") else word + "s")
            word = word.replace("ss", "sses") if word.endswith("ss") else word
        elif self.plural:
            word += "n" if word.endswith("e") else "en"
        return self.cased(self.prefix + word)

    def key(self, noun: str) -> str:
        """What a table's own key is called."""
        if self.key_name in ("id", "sys_id"):
            return self.key_name
        return (
            self.noun(noun)
            + {"noun_id": "_id", "noun_key": "_key", "noun_nr": "_nr", "noun_code": "_code"}[self.key_name]
        )

    def reference(self, noun: str) -> str:
        """What a column that refers to it is called."""
        if self.synonyms and len(noun) % 2:
            noun = SYNONYMS.get(noun, noun)
        if self.key_name not in ("id", "sys_id") and self.link != "plain":
            return self.key(noun)
        word = self.noun(noun)
        return {"plain": word, "fk_last": f"{word}_fk", "fk_first": f"fk_{word}", "ref": f"{word}_ref"}.get(
            self.link, f"{word}_id"
        )

    def cased(self, name: str) -> str:
        """The name in this database's letters."""
        parts = [p for p in name.split("_") if p]
        if self.case == "snake":
            return name
        if self.case == "upper":
            return name.upper()
        joined = "".join(p.capitalize() for p in parts)
        return joined if self.case == "pascal" else joined[0].lower() + joined[1:]


class Maker:
    """Makes one database."""

    def __init__(self, seed: int) -> None:
        self.pick = random.Random(seed)
        self.how = Convention(self.pick)
        self.tables: list[Made] = []
        self.links: list[tuple[Made, tuple[str, ...], Made, tuple[str, ...]]] = []

    def make(self) -> None:
        """All tables, those referred to first."""
        pick = self.pick
        for noun in pick.sample(ENTITIES["lookup"], pick.randint(1, 4)):
            self._entity(noun, pick.randint(2, 40), links=0, lookup=True)
        for noun in pick.sample(ENTITIES["person"], pick.randint(1, 2)):
            self._entity(noun, pick.randint(8, 1500), links=pick.randint(0, 2))
        for noun in pick.sample(ENTITIES["master"], pick.randint(2, 5)):
            self._entity(noun, pick.randint(10, 2500), links=pick.randint(0, 3))
        for noun in pick.sample(ENTITIES["event"], pick.randint(1, 4)):
            self._entity(noun, pick.randint(100, 4000), links=pick.randint(1, 4))
        for _ in range(pick.randint(0, 2)):
            self._bridge()
        if pick.random() < 0.5:
            self._details()
        if pick.random() < 0.25:
            self._part()
        if pick.random() < 0.3:
            self._log()

    def _entity(self, noun: str, rows: int, links: int, *, lookup: bool = False) -> None:
        table = Made(noun, self.how.table(noun))
        key = self.how.key(noun)
        table.key, table.keys = (key,), self._keys(noun, rows, lookup=lookup)
        table.columns[key] = table.keys
        if lookup or self.pick.random() < 0.6:
            table.shown = "name" if self.pick.random() < 0.7 else f"{self.how.noun(noun)}_name"
            table.columns[table.shown] = [f"{self.pick.choice(WORDS)} {noun} {i + 1}".title() for i in range(rows)]
        targets = [t for t in self.tables if len(t.key) == 1]
        for target in self.pick.sample(targets, min(links, len(targets))):
            self._link(table, target, rows)
        if not lookup and self.pick.random() < 0.2:
            name = self.pick.choice(["parent", "parent_id", f"parent_{key}", "reports_to", "previous_id"])
            table.columns[name] = [None if i == 0 else table.keys[self.pick.randrange(i)] for i in range(rows)]
            self.links.append((table, (name,), table, table.key))
        self._noise(table, rows, lookup=lookup)
        if self.pick.random() < 0.5:
            self.pick.shuffle(shuffled := list(range(rows)))
            table.columns = {n: [v[i] for i in shuffled] for n, v in table.columns.items()}
        self.tables.append(table)

    def _keys(self, noun: str, rows: int, *, lookup: bool) -> list[Value]:
        pick, kind = self.pick, self.how.key_kind
        if kind == "mixed":
            kind = pick.choice(["serial", "hex", "code", "sparse"])
        if lookup and rows <= len(COUNTRIES) and pick.random() < 0.25:
            return list(pick.sample(COUNTRIES, rows))
        if kind == "offset":
            first = pick.choice([100, 1000, 10248, 500000])
            return list(range(first, first + rows))
        if kind == "sparse":
            return list(sorted(pick.sample(range(1, rows * 50), rows)))
        if kind == "hex":
            return ["".join(pick.choices("0123456789abcdef", k=32)) for _ in range(rows)]
        if kind == "code":
            letters = noun[:3].upper()
            return [f"{letters}-{i + 1:05d}" for i in range(rows)]
        return list(range(1, rows + 1))

    def _link(self, table: Made, target: Made, rows: int, *, sure: bool = False) -> None:
        pick, how = self.pick, self.how
        person = target.noun in ENTITIES["person"]
        names = [how.reference(target.noun)]
        if not person and pick.random() < 0.05:
            names = [pick.choice(["type", "kind", "mode", "via", "target", "source", "link", "class"])]
        elif pick.random() < (0.5 if person else 0.12):
            role = pick.choice(ROLES) if person and pick.random() < 0.7 else pick.choice(QUALIFIERS) + "_" + names[0]
            names = [role] if pick.random() < 0.6 else [names[0], role]
        for name in names:
            if name in table.columns:
                continue
            shown = how.display and target.shown is not None and pick.random() < 0.5
            values = target.columns[target.shown or ""] if shown else target.keys
            table.columns[name] = self._drawn(values, rows, clean=sure)
            self.links.append((table, (name,), target, (target.shown or "",) if shown else target.key))
            repeated = [c for c in ("email", "phone", "address") if c in target.columns]
            if repeated and not shown and pick.random() < 0.5:
                copied = pick.choice(repeated)
                held = dict(zip(target.keys, target.columns[copied], strict=True))
                column = pick.choice([f"billing_{copied}", f"{target.noun}_{copied}", copied])
                table.columns.setdefault(column, [held.get(v) for v in table.columns[name]])

    def _drawn(self, keys: list[Value], rows: int, *, clean: bool = False) -> list[Value]:
        pick, how = self.pick, self.how
        style = pick.choice(["even", "even", "skewed", "some", "early"])
        pool = list(keys)
        if style == "some" and len(pool) > 6:
            pool = pick.sample(pool, max(3, int(len(pool) * pick.uniform(0.1, 0.7))))
        if style == "early" and len(pool) > 20:
            pool = pool[: max(10, int(len(pool) * pick.uniform(0.5, 0.95)))]
        shuffled = pick.sample(pool, len(pool))
        weights = [1 / (i + 1) ** 0.8 for i in range(len(pool))] if style == "skewed" else None
        drawn: list[Value] = list(pick.choices(shuffled, weights, k=rows))
        empty = 0.0 if clean else how.nulls * pick.choice([0, 1])
        for i in range(rows):
            if pick.random() < empty:
                drawn[i] = 0 if how.sentinel and isinstance(keys[0], int) else None
            elif not clean and pick.random() < how.orphans:
                drawn[i] = keys[0] + 900_000 if isinstance(keys[0], int) else f"x{pick.getrandbits(100):x}"
        return drawn

    def _noise(self, table: Made, rows: int, *, lookup: bool) -> None:
        pick = self.pick
        makers: dict[str, Callable[[int], Value]] = {
            "quantity": lambda _: pick.randint(1, 12),
            "rating": lambda _: pick.randint(1, 5),
            "year": lambda _: pick.randint(1990, 2024),
            "sort_order": lambda i: i + 1,
            "level": lambda _: pick.randint(1, 4),
            "age": lambda _: pick.randint(18, 90),
            "duration": lambda _: pick.randint(1, 240),
            "percent": lambda _: pick.randint(0, 100),
            "view_count": lambda _: int(pick.paretovariate(0.8)),
            "stock": lambda _: pick.randint(0, 500),
            "is_active": lambda _: pick.randint(0, 1),
            "version": lambda _: pick.randint(1, 3),
            "score": lambda _: pick.randint(1, max(2, rows // 2)),
            "floor": lambda _: pick.randint(1, 20),
            "attempts": lambda _: pick.randint(1, 9),
            "weight": lambda _: round(pick.uniform(0.1, 90), 2),
            "price": lambda _: round(pick.lognormvariate(3, 1), 2),
            "state": lambda _: pick.choice(["new", "open", "done"]),
            "city": lambda _: pick.choice(CITIES),
            "country": lambda _: pick.choice(COUNTRIES),
            "email": lambda i: f"{pick.choice(WORDS)}{i}@example.com",
            "phone": lambda _: f"+49 {pick.randint(100, 999)} {pick.randint(10000, 99999)}",
            "address": lambda i: f"{pick.choice(WORDS)} street {i % 700}",
            "notes": lambda _: " ".join(pick.choices(WORDS, k=pick.randint(3, 12))),
            "serial_number": lambda _: "".join(pick.choices(string.ascii_uppercase + string.digits, k=9)),
            "created_at": lambda _: f"20{pick.randint(10, 24)}-{pick.randint(1, 12):02d}-{pick.randint(1, 28):02d}",
            "last_update": lambda _: "2024-02-15 04:45:30",
        }
        for name in pick.sample(sorted(makers), pick.randint(0, 2) if lookup else pick.randint(2, 8)):
            if name not in table.columns:
                table.columns[name] = [makers[name](i) for i in range(rows)]

    def _bridge(self) -> None:
        targets = [t for t in self.tables if len(t.key) == 1 and t.rows > 3]
        if len(targets) < 2:
            return
        left, right = self.pick.sample(targets, 2)
        table = Made(f"{left.noun}_{right.noun}", self.how.table(f"{left.noun}_{right.noun}"))
        if any(t.name == table.name for t in self.tables):
            return
        names = self.how.reference(left.noun), self.how.reference(right.noun)
        if names[0] == names[1]:
            return
        wanted = min(3000, 3 * max(left.rows, right.rows), left.rows * right.rows // 2)
        pairs = sorted({(self.pick.randrange(left.rows), self.pick.randrange(right.rows)) for _ in range(wanted)})
        table.columns[names[0]] = [left.keys[a] for a, _ in pairs]
        table.columns[names[1]] = [right.keys[b] for _, b in pairs]
        table.key = names
        self.links += [(table, (names[0],), left, left.key), (table, (names[1],), right, right.key)]
        self._noise(table, len(pairs), lookup=True)
        self.tables.append(table)

    def _details(self) -> None:
        events = [t for t in self.tables if t.noun in ENTITIES["event"]]
        parent = self.pick.choice(events)
        noun = f"{parent.noun}_line"
        table = Made(noun, self.how.table(noun))
        lines = [(key, n + 1) for key in parent.keys for n in range(self.pick.randint(1, 4))]
        name = self.how.reference(parent.noun)
        table.columns[name] = [key for key, _ in lines]
        table.columns["line_no"] = [n for _, n in lines]
        table.key = (name, "line_no")
        self.links.append((table, (name,), parent, parent.key))
        targets = [t for t in self.tables if t.noun in ENTITIES["master"]]
        self._link(table, self.pick.choice(targets), len(lines), sure=True)
        self._noise(table, len(lines), lookup=True)
        self.tables.append(table)

    def _part(self) -> None:
        """A table that has a row for some rows of another, under the same key."""
        whole = self.pick.choice([t for t in self.tables if len(t.key) == 1 and t.rows > 20])
        noun = f"{whole.noun}_detail"
        table = Made(noun, self.how.table(noun))
        name = self.how.reference(whole.noun)
        table.columns[name] = sorted(self.pick.sample(whole.keys, int(whole.rows * 0.6)), key=str)
        table.key = (name,)
        self.links.append((table, (name,), whole, whole.key))
        self._noise(table, table.rows, lookup=False)
        self.tables.append(table)

    def _log(self) -> None:
        """A log with a number of its own that repeats another table's rows with all their references."""
        linked = [t for t in self.tables if any(link[0] is t for link in self.links) and len(t.key) == 1]
        if not linked:
            return
        logged = self.pick.choice(linked)
        table = Made(f"{logged.noun}_log", self.how.table(f"{logged.noun}_log"))
        rows = [self.pick.randrange(logged.rows) for _ in range(logged.rows * 2)]
        table.columns["log_id"] = list(range(1, len(rows) + 1))
        table.key = ("log_id",)
        name = self.how.reference(logged.noun)
        table.columns[name] = [logged.keys[i] for i in rows]
        self.links.append((table, (name,), logged, logged.key))
        for source, columns, target, keys in list(self.links):
            if source is logged and target is not logged and columns[0] not in table.columns:
                table.columns[columns[0]] = [source.columns[columns[0]][i] for i in rows]
                self.links.append((table, columns, target, keys))
        self._noise(table, len(rows), lookup=True)
        self.tables.append(table)

    def write(self, folder: Path) -> None:
        """One CSV a table, and the answers."""
        folder.mkdir(parents=True, exist_ok=True)
        called = {id(t): self._called(t, n) for n, t in enumerate(self.tables)}
        for table in self.tables:
            name, columns = called[id(table)]
            with (folder / f"{name}.csv").open("w", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(columns.values())
                writer.writerows(zip(*table.columns.values(), strict=True))
        with (folder / "foreign_keys.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["table", "column", "ref_table", "ref_column", "testable"])
            for table, columns, target, keys in self.links:
                for column, key in zip(columns, keys, strict=True):
                    here, there = called[id(table)], called[id(target)]
                    held = any(v is not None for v in table.columns[column])
                    writer.writerow([here[0], here[1][column], there[0], there[1][key], int(held)])
        with (folder / "primary_keys.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["table", "column", "position"])
            for table in self.tables:
                name, columns = called[id(table)]
                writer.writerows([name, columns[k], i + 1] for i, k in enumerate(table.key))

    def _called(self, table: Made, number: int) -> tuple[str, dict[str, str]]:
        if self.how.silent:
            return f"t{number + 1:02d}", {c: f"c{i + 1:02d}" for i, c in enumerate(table.columns)}
        prefix = table.noun[0] + "_" if self.how.initials else ""
        return table.name, {c: self.how.cased(prefix + c) for c in table.columns}


def main() -> None:
    """Write the databases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    for seed in range(given.seed, given.seed + given.count):
        maker = Maker(seed)
        maker.make()
        maker.write(given.out / f"made_{seed:04d}")


if __name__ == "__main__":
    main()
