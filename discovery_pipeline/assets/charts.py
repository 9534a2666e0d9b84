"""Charts for Dagster's pages: small PNGs of counts and shares.

Drawn here as SVG, since a chart library's engine takes half a second to start and each run is a process of its own;
turning SVG into a picture takes milliseconds. The picture is kept in Dagster's event log, so it gets a palette, which
makes it a tenth of its size.
"""

from __future__ import annotations

import base64
import re
import struct
import zlib
from collections.abc import Mapping, Sequence
from html import escape

import dagster as dg

from discovery_pipeline.engine.shares import percent

LARGEST = 30_000
"""Bytes a chart may have."""
BARS = 16  # a name takes a millisecond to draw
LABEL = 36
"""Characters of a name that are shown."""

_ROW, _TOP, _LEFT, _WIDTH, _RIGHT = 20, 34, 224, 380, 64
_BAR = '<rect x="{x}" y="{y}" width="{width:.1f}" height="14" rx="2" fill="#2f6f8f"/>'
_NAME = '<text x="{x}" y="{y}" text-anchor="end" fill="#333">{text}</text>'
_VALUE = '<text x="{x:.1f}" y="{y}" fill="#666">{text}</text>'
_UNSHOWN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML has no character for."""
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TRUE_COLOUR, _PALETTE, _SUB = 6, 3, 1


def bars(values: Mapping[str, float], title: str, *, share: bool = False) -> dg.MetadataValue:
    """A bar a key, longest first, at most sixteen; `share` draws 0..1 as per cent."""
    import vl_convert

    longest = sorted(values.items(), key=lambda item: -item[1])[:BARS]
    png = _with_palette(vl_convert.svg_to_png(_svg(longest, title, share), scale=1.0))
    if len(png) > LARGEST:
        return dg.MetadataValue.text(f"{title}: too many bars to draw")
    return dg.MetadataValue.md(f"![{title}](data:image/png;base64,{base64.b64encode(png).decode()})")


def _svg(longest: Sequence[tuple[str, float]], title: str, share: bool) -> str:

    whole = 1.0 if share else max((value for _, value in longest), default=0) or 1.0
    drawn = [f'<text x="8" y="20" font-size="13" font-weight="bold" fill="#222">{escape(title)}</text>']
    for row, (name, value) in enumerate(longest):
        top, width = _TOP + row * _ROW, _WIDTH * min(max(value / whole, 0), 1)
        drawn += [
            _NAME.format(x=_LEFT - 6, y=top + 11, text=_text(name)),
            _BAR.format(x=_LEFT, y=top, width=width),
            _VALUE.format(x=_LEFT + width + 5, y=top + 11, text=escape(percent(value)) if share else f"{value:,.6g}"),
        ]
    height, width = _TOP + len(longest) * _ROW + 8, _LEFT + _WIDTH + _RIGHT
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" '
        f'font-size="11"><rect width="{width}" height="{height}" fill="#fff"/>{"".join(drawn)}</svg>'
    )


def _text(name: str) -> str:
    shown = _UNSHOWN.sub("", name)
    return escape(shown if len(shown) <= LABEL else f"{shown[: LABEL - 1]}…")


def _with_palette(png: bytes) -> bytes:
    """The same picture in fewer colours; as it is, where it isn't written as our converter does."""
    import numpy as np

    parts = _parts(png)
    width, height, depth, kind = struct.unpack(">IIBB", parts[b"IHDR"][:10])
    rows = np.frombuffer(zlib.decompress(parts[b"IDAT"]), np.uint8).reshape(height, -1)
    if (depth, kind) != (8, _TRUE_COLOUR) or not (rows[:, 0] == _SUB).all():
        return png
    # Reading undoes the rows' filter, which keeps differences; three bits a colour then make a number of it.
    red, green, blue, _ = np.moveaxis(
        np.cumsum(rows[:, 1:].reshape(height, width, 4), axis=1, dtype=np.uint8) >> 5, 2, 0
    )
    colours = (red.astype(np.uint16) << 6) | (green.astype(np.uint16) << 3) | blue
    there = np.flatnonzero(np.bincount(colours.ravel(), minlength=512))
    number = np.zeros(512, np.uint8)
    number[there] = np.arange(len(there))
    indexed = np.pad(number[colours], ((0, 0), (1, 0)))
    palette = (np.stack([there >> 6, there >> 3 & 7, there & 7], axis=1) * 255 // 7).astype(np.uint8)
    header = struct.pack(">IIBBBBB", width, height, 8, _PALETTE, 0, 0, 0)
    written = {b"IHDR": header, b"PLTE": palette.tobytes(), b"IDAT": zlib.compress(indexed.tobytes()), b"IEND": b""}
    return _SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in written.items()
    )


def _parts(png: bytes) -> dict[bytes, bytes]:
    """The chunks of a PNG, those of the picture joined."""
    found: dict[bytes, bytes] = {}
    at = len(_SIGNATURE)
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        name = png[at + 4 : at + 8]
        found[name] = found.get(name, b"") + png[at + 8 : at + 8 + size]
        at += size + 12
    return found
