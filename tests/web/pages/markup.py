"""What a test reads in a page."""

from __future__ import annotations

import re
from html import unescape


def hidden(html: str, name: str) -> str:
    """The value of the first hidden field of that name."""
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    assert found, f"no field {name}"
    return unescape(found[1])


def texts(html: str, mark: str) -> list[str]:
    """What elements of this class say, without their tags."""
    parts = re.findall(rf'<(\w+)[^>]*class="(?:[^"]* )?{mark}(?: [^"]*)?"[^>]*>(.*?)</\1>', html, re.DOTALL)
    return [plain(part) for _, part in parts]


def plain(html: str) -> str:
    """Text without tags, in one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def lines(html: str) -> list[str]:
    """The rows of the review, as they are written."""
    return re.findall(r'<tr class="mapping-row.*?</tr>', html, re.DOTALL)


def keys(html: str) -> dict[str, str]:
    """The short name of each row of the review, by its column."""
    rows = re.findall(r'<tr class="mapping-row[^"]*" id="r-(\w+)".*?<div class="name v">(.*?)</div>', html, re.DOTALL)
    return {unescape(column): key for key, column in rows}
