"""Wording: the engines' rules in a person's words."""

from __future__ import annotations

from discovery_pipeline.agents.playbook.saying import spoken

_MENDS = {
    "mac.canonical": "Write MAC addresses one way",
    "ip.canonical": "Write IP addresses one way",
    "date.iso": "Write dates as year, month, day",
    "boolean.words": "Write yes and no one way",
    "number.separators": "Write numbers without separators",
    "quantity.unit": "Bring quantities to one unit",
    "quantity.note": "Part quantities from the notes beside them",
    "null.token": "Empty cells that only say that nothing is known",
    "null.word": "Empty cells that only say that nothing is known",
    "name.case": "Write names in one case",
    "reference.typo": "Correct references that miss their row by a letter",
    "dependency.majority": "Correct values that contradict all others of their kind",
    "dependency.flag": "Look at values that contradict others of their kind",
    "vocabulary.abbreviation": "Write abbreviations out",
    "vocabulary.spelling": "Write the same word one way",
    "vocabulary.variant": "Write the same word one way",
    "vocabulary.typo": "Correct words that miss a known one by a letter",
    "vocabulary.noise": "Take stray characters from known words",
    "text.trim": "Trim white space around values",
    "text.spaces": "Replace unusual spaces",
    "text.runs": "Close up runs of spaces",
    "text.quotes": "Take quotes from around values",
    "text.mojibake": "Restore letters that a wrong encoding garbled",
    "text.invisible": "Remove invisible characters",
    "text.entities": "Write HTML entities as the characters they are",
}
_FINDS = {
    "relation.orphans": "{n} refer to something that isn't there",
    "owner.missing": "{n} name nobody who is responsible",
    "date.ambiguous": "{n} may have day and month in either order",
    "ip.impossible": "{n} hold an IP address that can't be",
    "duplicate.rows": "{n} stand more than once",
    "required": "{n} lack a value that the target requires",
    "type": "{n} hold a value that the target can't read",
    "conversion": "{n} hold a value that can't be converted",
    "allowed": "{n} hold a value that the target doesn't list",
    "pattern": "{n} hold a value not written as the target wants it",
    "range": "{n} hold a number beyond what the target takes",
    "length": "{n} hold a text longer than the target takes",
    "unique": "{n} repeat a value that must stand once",
    "duplicate": "{n} are the same thing as another row",
    "at_least_one_of": "{n} hold nothing that tells which thing they are about",
    "references": "{n} refer to a row that isn't delivered",
    "table_not_mapped": "{n} stand in a table that doesn't go to the target",
    "rejected_rows": "{n} could not be read",
}


def mending(rule: str) -> str:
    """What a cleansing rule does, as an order."""
    return _MENDS.get(rule, f"Apply the rule {spoken(rule).replace('.', ': ')}")


def finding(rule: str, cases: str) -> str:
    """What a finding says of so many cases ("3 rows"), as the beginning of a sentence."""
    known = _FINDS.get(rule) or _FINDS.get(rule.rpartition(".")[2])
    return known.format(n=cases) if known else f"{cases} of {spoken(rule).replace('.', ': ')}"
