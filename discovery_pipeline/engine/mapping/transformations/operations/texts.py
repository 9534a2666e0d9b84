"""Texts: parting, joining and replacing them, writing their words otherwise, hiding them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from discovery_pipeline.engine import duck, patterns
from discovery_pipeline.engine.mapping.transformations.operations.arguments import (
    Argument,
    Misfit,
    Reference,
    Resolve,
    filled,
    found,
    pairs,
    present,
    replaced,
    stripped,
    texts,
    whole,
)
from discovery_pipeline.engine.profiling.tokens import FALSE_WORDS, TRUE_WORDS

BOOLEANS: dict[str, str] = {
    **dict.fromkeys((*sorted(TRUE_WORDS), "x", "✓", "✔"), "true"),
    **dict.fromkeys((*sorted(FALSE_WORDS), "✗", "✘"), "false"),
}
OTHERS = "*"
"""Key of map_values for every value that isn't listed."""


def to_boolean(value: str) -> str:
    """Yes and no, in several languages."""
    return replaced(f"lower({duck.stripped(value)})", BOOLEANS)


def map_values(value: str, arguments: Sequence[Argument], _: Resolve) -> str:
    """Other values for the listed ones, whatever their case; "*" stands for all others."""
    listed = pairs(arguments)
    others = next((duck.text(new) for old, new in listed if old == OTHERS), None)
    plain = {old.strip().lower(): new for old, new in listed if old != OTHERS}
    known = replaced(f"lower({duck.stripped(value)})", plain)
    return filled(f"CASE WHEN {value} IS NOT NULL THEN coalesce({known}, {others}) END" if others else known)


def lookup(value: str, arguments: Sequence[Argument], _: Resolve) -> str:
    """Other values for the listed ones; others stay."""
    return f"coalesce({replaced(value, dict(pairs(arguments)))}, {value})"


def split(value: str, arguments: Sequence[Argument], _: Resolve) -> str:
    """One part of a list."""
    if len(arguments) != 2 or not isinstance(arguments[0], str) or not arguments[0]:
        raise Misfit("takes a separator in quotes and which part to keep, counted from 0 (-1 is the last)")
    part = whole(arguments[1], "which part to keep")
    index = part + 1 if part >= 0 else part
    return stripped(f"str_split({value}, {duck.text(arguments[0])})[{index}]")


def regex_extract(value: str, arguments: Sequence[Argument], _: Resolve) -> str:
    """What a pattern's group finds."""
    if not 1 <= len(arguments) <= 2 or not isinstance(arguments[0], str):
        raise Misfit("takes a pattern in quotes and, if wanted, the number of its group")
    pattern = arguments[0]
    if why := patterns.fault(pattern):
        raise Misfit(f"can't use {pattern!r}, which is no pattern (RE2): {why}")
    groups = len(re.findall(r"(?<!\\)\((?!\?(?!P?<))", pattern))
    group = whole(arguments[1], "the number of a group") if len(arguments) == 2 else min(groups, 1)
    if not 0 <= group <= groups:
        raise Misfit(f"has no group {group} in {pattern!r}, only {groups}")
    return found(value, pattern, group)


def concat(value: str, arguments: Sequence[Argument], resolve: Resolve) -> str:
    """Fields with the texts between them; an empty field takes the text before it away with it."""
    if not any(isinstance(a, Reference) for a in arguments):
        raise Misfit('takes fields and texts between them, e.g. concat(first, " ", last)')
    prefix, between, built = "", "", ""
    for argument in arguments:
        if not isinstance(argument, Reference | str):
            raise Misfit("takes fields and texts in quotes only")
        if isinstance(argument, Reference):
            field = present(resolve(argument))
            built = filled(f"concat_ws({duck.text(between)}, {built}, {field})") if built else field
            between = ""
        elif built:
            between += argument
        else:
            prefix += argument
    before = f"{duck.text(prefix)} || " if prefix else ""
    after = f" || {duck.text(between)}" if between else ""
    return f"({before}{built}{after})"


def coalesce(value: str, arguments: Sequence[Argument], resolve: Resolve) -> str:
    """The first that isn't empty."""
    if not arguments or not all(isinstance(a, Reference | str) for a in arguments):
        raise Misfit('takes what to use where the value is empty: fields or texts, e.g. coalesce(hostname, "unknown")')
    others = [resolve(a) if isinstance(a, Reference) else duck.text(str(a)) for a in arguments]
    return present(*dict.fromkeys([value, *others]))


def constant(_: str, arguments: Sequence[Argument], __: Resolve) -> str:
    """The same value everywhere."""
    if len(arguments) != 1 or isinstance(arguments[0], tuple | Reference):
        raise Misfit("takes one value: a text in quotes, or a number")
    return f"CAST({duck.text(str(arguments[0]))} AS VARCHAR)"


def replace(value: str, arguments: Sequence[Argument], _: Resolve) -> str:
    """One text by another."""
    old, new = texts(arguments, 2, 2, "what to replace and by what")
    if not old:
        raise Misfit("can't replace an empty text")
    return f"replace({value}, {duck.text(old)}, {duck.text(new)})"


def title(value: str) -> str:
    """Each word begins with a capital."""
    each = "list_transform(string_split({}, ' '), lambda w: upper(w[1]) || lower(w[2:]))"
    return f"array_to_string({each.format(value)}, ' ')"


def _words(value: str) -> str:
    """The words of a text, parted by anything but letters and digits, or by capitals: HTTPServer is two."""
    acronym = f"regexp_replace({value}, '(\\p{{Lu}})(\\p{{Lu}}\\p{{Ll}})', '\\1 \\2', 'g')"
    parted = f"regexp_replace({acronym}, '([\\p{{Ll}}\\pN])(\\p{{Lu}})', '\\1 \\2', 'g')"
    return f"list_filter(string_split_regex({parted}, '[^\\pL\\pN]+'), lambda w: w <> '')"


def camel_case(value: str) -> str:
    """Words likeThis."""
    each = "CASE WHEN i = 1 THEN lower(w) ELSE upper(w[1]) || lower(w[2:]) END"
    return filled(f"array_to_string(list_transform({_words(value)}, lambda w, i: {each}), '')")


def snake_case(value: str) -> str:
    """Words like_this."""
    return filled(f"lower(array_to_string({_words(value)}, '_'))")


def mask(value: str, arguments: Sequence[Argument], _: Resolve) -> str:
    """Stars for all but the last characters."""
    if len(arguments) > 1:
        raise Misfit("takes how many characters to leave at the end")
    keep = whole(arguments[0], "how many characters to leave at the end") if arguments else 4
    if keep < 0:
        raise Misfit("can't leave fewer than 0 characters")
    # A value no longer than twice what would stay is masked whole: its end would give it away.
    shown = f"CASE WHEN length({value}) > {2 * keep} THEN right({value}, {keep}) ELSE '' END" if keep else "''"
    return f"repeat('*', length({value}) - length({shown})) || {shown}"


def hash_(value: str, arguments: Sequence[Argument], _: Resolve) -> str:
    """The SHA-256 instead."""
    salt = texts(arguments, 0, 1, "at most a salt")
    return f"sha256({duck.text(salt[0])} || {value})" if salt else f"sha256({value})"
