"""Wording: the engines' rules in a person's words."""

from __future__ import annotations

from discovery_pipeline.agents.playbook.saying import spoken

_MENDS = {
    "mac.canonical": "Write MAC addresses one way",
    "email.canonical": "Write e-mail addresses without what isn't part of them",
    "ip.canonical": "Write IP addresses one way",
    "date.iso": "Write dates as year, month, day",
    "date.column": "Write dates as most of the column",
    "code.mask": "Write codes with their separators and leading zeros",
    "quantity.mark": "Write numbers with or without their unit, as most of the column",
    "number.decimals": "Write numbers with as many decimals as most of the column",
    "number.multiple": "Write thousands and millions out",
    "null.number": "Empty cells of numbers that only say that nothing is known",
    "vocabulary.initial": "Write the same word one way",
    "boolean.words": "Write yes and no one way",
    "number.separators": "Write numbers without separators",
    "number.sign": "Write the minus of numbers as a hyphen",
    "time.clock": "Write times one way",
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
    "cell.spilled": "Put the end of a value into the empty column that it belongs to",
    "cells.swapped": "Put swapped cells back into their columns",
    "text.width": "Write full-width letters as plain ones",
    "text.lookalike": "Make letters Latin that only look so",
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
    "number.ambiguous": "{n} may have thousands or decimals after a comma or a point",
    "date.ambiguous": "{n} may have day and month in either order",
    "date.impossible": "{n} hold a date that can't be",
    "spreadsheet.date": "{n} hold what a spreadsheet made of a code",
    "spreadsheet.rounded": "{n} hold a long number whose last digits a spreadsheet dropped",
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


_PREVENTS = {
    "Numbers are read in a unit that they don't state": "Ask which unit the numbers are in that don't say it",
    "Numbers lose precision": "Decide how many digits the target has to keep",
    "Texts are longer than the target takes": "Decide what may be cut from texts that are too long",
    "Values become empty in their transformation": "Look at the values that a conversion can't read",
    "Values that would be refused are left out": "Look at what is left out of the delivery, value by value",
    "Different identities fall together": "Decide which identities may become one",
    "Text was garbled before it came here": "Export the garbled texts again, in the right encoding",
    "Columns that go nowhere": "Archive the columns that go nowhere before the source is switched off",
    "Rows are not taken": "Correct the rows that are not taken, or let them go",
    "Relations lead nowhere": "Mend the references that lead nowhere, or agree to lose them",
    "A table depends on itself in circles": "Break the circles in the table that depends on itself",
    "Much leans on single rows": "Move first, and watch, the rows that most others lean on",
    "Nobody is named to decide": "Name who decides where nobody is named",
    "Nobody has signed the mapping": "Have the mapping signed",
    "Tables without a key can't be kept in step": "Agree on a key for tables that have none",
    "Some values can't be taken back from the target": "Keep the values that can't be taken back",
    "Rejected rows would be mended inside the window": "Mend rejected rows before the cut-over, not within it",
    "Data of several countries goes to one place": "Ask which countries' rules hold where the data goes",
    "Transfer takes long": "Plan the transfer: in waves, or ahead of the cut-over",
    "Loading takes long": "Plan the loading: in waves, or ahead of the cut-over",
    "A target takes only so many rows a file": "Load the files in their order",
    "Opening a delivered file in a spreadsheet changes it": "Load files as they are, not from a spreadsheet",
}


def preventing(risk: str) -> str:
    """What to do against a risk, as an order."""
    return _PREVENTS.get(risk, f"Settle before the move: {risk}")


def mending(rule: str) -> str:
    """What a cleansing rule does, as an order."""
    return _MENDS.get(rule, f"Apply the rule {spoken(rule).replace('.', ': ')}")


def finding(rule: str, cases: str) -> str:
    """What a finding says of so many cases ("3 rows"), as the beginning of a sentence."""
    known = _FINDS.get(rule) or _FINDS.get(rule.rpartition(".")[2])
    return known.format(n=cases) if known else f"{cases} of {spoken(rule).replace('.', ': ')}"
