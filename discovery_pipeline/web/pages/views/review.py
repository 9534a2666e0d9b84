"""The review page: which rows of a draft are shown, in which order, and what is counted above them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from discovery_pipeline.engine.mapping import transformations
from discovery_pipeline.web.pages.views.paging import Chip, Page, paged
from discovery_pipeline.web.services.drafting import Draft, Need
from discovery_pipeline.web.services.entries import Entry

PAGE = 250

ORDERS = (("file", "as in the file"), ("unsure", "unsure first"), ("name", "by name"))
_ALWAYS = ("all", "unsure", "unmapped", "required", "conflicts")
_TITLES: Mapping[str, str] = {
    "all": "All", "unsure": "To check", "high": "High", "unmapped": "Unmapped", "required": "Required",
    "conflicts": "Conflicts", "values": "Values", "accepted": "Accepted", "rejected": "Rejected", "changed": "Changed",
    "ignored": "Ignored",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class View:
    """What a reviewer looks at."""

    system: str = ""
    show: str = "all"
    table: str = ""
    q: str = ""
    sort: str = "file"
    page: int = 1
    open: str = ""
    values: int = 1  # page of the open column's values

    @classmethod
    def of(cls, query: QueryParams | Mapping[str, str]) -> View:
        """As an address or a form says it."""
        show, sort = query.get("show", "all"), query.get("sort", "file")
        return cls(
            system=query.get("system", ""),
            show=show if show in _TITLES else "all",
            table=query.get("table", ""),
            q=query.get("q", "").strip(),
            sort=sort if sort in dict(ORDERS) else "file",
            page=_number(query.get("page", "1")),
            open=query.get("open", ""),
            values=_number(query.get("values", "1")),
        )

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """What makes an address of it; what goes without saying is left out."""
        said = {"system": self.system, "show": self.show, "table": self.table, "q": self.q, "sort": self.sort}
        usual = {"show": "all", "sort": "file"}
        return tuple((name, value) for name, value in said.items() if value and value != usual.get(name))

    @property
    def whole(self) -> bool:
        """Whether decisions leave it which rows it shows: it narrows to none, and has them in a fixed order."""
        return self.show == "all" and self.sort != "unsure" and not self.q

    def query(self, **other: str | int) -> str:
        """The query of an address, with some of it said otherwise."""
        return urlencode({**dict(self.fields), **{k: v for k, v in other.items() if v}})


def _number(said: str) -> int:
    return int(said) if said.isascii() and said.isdigit() and len(said) < 7 else 1


@dataclass(frozen=True, slots=True)
class Counts:
    """How far the review is."""

    all: int
    decided: int
    open: int  # suggestions that wait
    unsure: int
    conflicts: int
    high_shown: int


class Shown:
    """The entries of a draft that a view asks for."""

    def __init__(self, draft: Draft, view: View, address: str) -> None:
        self.draft, self.view, self._address = draft, view, address
        sure = frozenset(entry.key for entry in draft.sure)
        self._tests: Mapping[str, Callable[[Entry], bool]] = {
            "all": lambda _: True,
            "unsure": lambda e: e.key in draft.to_check,
            "high": lambda e: e.key in sure,
            "unmapped": lambda e: not e.fields,
            "required": lambda e: e.key in draft.required or any(f.is_required for f in e.fields),
            "conflicts": lambda e: e.key in draft.conflicts,
            "values": draft.lists,
            "accepted": lambda e: e.standing == "accepted",
            "rejected": lambda e: e.standing == "rejected",
            "changed": lambda e: e.changed,
            "ignored": lambda e: e.standing == "ignored",
        }
        self.within = [e for e in draft.entries if self._found(e)]
        self.entries = self._ordered(e for e in self.within if self._tests[view.show](e))
        self.page: Page = paged(len(self.entries), PAGE, view.page, self._at)

    @property
    def rows(self) -> list[Entry]:
        """Those on this page."""
        return self.entries[self.page.offset : self.page.last]

    @property
    def high(self) -> list[Entry]:
        """Sure ones on this page that nobody has touched: what one click accepts."""
        return [entry for entry in self.rows if self._tests["high"](entry)]

    @property
    def counts(self) -> Counts:
        """What stands above the rows."""
        entries = self.draft.entries
        return Counts(
            all=len(entries),
            decided=sum(e.standing != "open" for e in entries),
            open=len(self.draft.undecided),
            unsure=len(self.draft.to_check),
            conflicts=len(self.draft.conflicts),
            high_shown=len(self.high),
        )

    @property
    def chips(self) -> list[Chip]:
        """The filters, with what each would show; those that show nothing are left out, except the usual ones."""
        counted = {name: sum(map(test, self.within)) for name, test in self._tests.items()}
        return [
            Chip(title, f"{self._address}?{self.view.query(show=name)}", name == self.view.show, counted[name])
            for name, title in _TITLES.items()
            if counted[name] or name in _ALWAYS or name == self.view.show
        ]

    def _at(self, number: int) -> str:
        return f"{self._address}?{self.view.query(page=number)}"

    def _found(self, entry: Entry) -> bool:
        if self.view.table and entry.table != self.view.table:
            return False
        words = self.view.q.casefold()
        names = (entry.column, *(f.target_field for f in entry.fields))
        return not words or any(words in name.casefold() for name in names)

    def _ordered(self, entries: Iterable[Entry]) -> list[Entry]:
        if self.view.sort == "unsure":
            return sorted(entries, key=lambda e: (e.key not in self.draft.to_check, e.confidence))
        if self.view.sort == "name":
            return sorted(entries, key=lambda e: e.column.casefold())
        return list(entries)


@dataclass(frozen=True, slots=True)
class ShownNeed:
    """What the target can't do without, as the page says it."""

    table: str
    source: str
    wants: str
    fields: tuple[str, ...]
    by: tuple[str, ...]
    constant: str
    columns: tuple[str, ...]
    met: bool
    proposed: str  # the same for every row, as something says
    why: str


def needs(draft: Draft) -> list[ShownNeed]:
    """All of them, the unmet ones first."""
    return sorted((_need(draft, need) for need in draft.needs), key=lambda need: need.met)


def _constant(need: Need) -> str:
    """The value that a proposed constant writes."""
    if need.proposed is None or need.proposed.transformation is None:
        return ""
    return str(transformations.parse(need.proposed.transformation).steps[0].arguments[0])


def _need(draft: Draft, need: Need) -> ShownNeed:
    columns = () if need.met else tuple(e.column for e in draft.entries if e.table == need.source)
    return ShownNeed(
        need.table, need.source, need.wants, need.fields, tuple(e.column for e in need.by), need.constant or "",
        columns, need.met, _constant(need), " ".join(need.proposed.evidence) if need.proposed else "",
    )  # fmt: skip
