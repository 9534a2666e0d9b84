"""Headers: the words a column's name is made of, and what they hint at.

A hint is evidence beside the values, never proof: a column called "ip" that holds names is a column of names.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

from discovery_pipeline.engine import scripts
from discovery_pipeline.engine.profiling.translations import ENGLISH

_CHUNKS = re.compile(r"[^\W\d_]+|\d+|[%#]")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[%#]")

Words = frozenset[str]


@lru_cache(maxsize=10_000)
def words(header: str) -> Words:
    """The words of a header in lower case, and neighbours run together, and all: "sysId" gives sys, id, sysid.

    Beside those of other languages stand the English ones: "Seriennummer" gives serial.
    """
    runs = [run for chunk in _CHUNKS.findall(header) for run in scripts.runs(chunk)]
    parts = [scripts.small(p) for run in runs for p in (_PARTS.findall(run) if run.isascii() else _unspaced(run))]
    written = frozenset(parts) | {a + b for a, b in pairwise(parts)} | {"".join(parts)}
    return written | {english for word in written for english in ENGLISH.get(word, ())}


def _unspaced(run: str) -> tuple[str, ...]:
    return scripts.parted(run, ENGLISH.keys()) or (run,)


def _set(text: str) -> Words:
    return frozenset(text.split())


IDENTIFIER = _set(
    "serial sn serialnumber id ids ident identifier code codes key number num nr no sku part partnumber asset tag "
    "assettag sysid "
    "model ref reference account iban imei isbn ean upc barcode ssn passport licence license hash checksum "
    "token guid uuid ticket order invoice oui lot batch"
)
"""A value of digits, or one like 1e5, may be a name here and not a number."""

TEXT_NUMBER = _set(
    "serial sn serialnumber serialnr phone telephone tel mobile cell fax msisdn zip zipcode postal postcode plz iban "
    "bic swift imei isbn ean upc barcode ssn passport account accountnumber accountno sku partnumber partno phonenumber"
)
"""A value of digits is a name here even without leading zeros: nobody adds up phone numbers."""

VERSION = _set("version ver versions release firmware kernel build revision rev patchlevel osversion swversion")

BOOLEAN = _set(
    "is has can flag flags enabled disabled active inactive virtual isvirtual deleted valid required allowed visible "
    "public private default primary managed monitored encrypted licensed supported critical bool boolean yn "
    "discontinued approved completed closed retired redundant clustered"
)
"""0 and 1 answer a question here."""

DATE = _set(
    "date dates day time timestamp datetime ts epoch created updated modified changed installed discovered seen "
    "started ended start end expiry expires expiration birth birthday dob born at on since until due closed opened "
    "datum zeit fecha hora purchased deployed retired login logon logged boot bootup scan scanned"
)

FRESH = _set("last latest updated modified seen discovered scanned scan refreshed synced checked heartbeat")
"""A date here says when the row was last looked at, so it ages."""

FUTURE = _set(
    "expiry expires expiration expire due end eol eos until warranty deadline planned scheduled target next valid to "
    "retirement renewal renews support lease contract"
)
"""A date here may well lie ahead."""

QUANTITY = _set(
    "count cpu cpus vcpu vcpus core cores ram memory mem disk storage size capacity cost price amount total sum qty "
    "quantity percent pct rate ratio util utilization usage speed gb mb tb kb mhz ghz age score weight height length "
    "width salary revenue budget balance hours minutes seconds days years"
)
"""A number is meant here, even where a good part of the values say it with words or units."""
