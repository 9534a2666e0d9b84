"""Charts for Dagster's pages: small PNGs of counts and shares, drawn from Vega-Lite specifications."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import dagster as dg

LARGEST = 30_000
"""Bytes a chart may have: it is kept in Dagster's event log."""

_SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"


def bars(values: Mapping[str, float], title: str, *, share: bool = False) -> dg.MetadataValue:
    """A bar a key, longest first, at most thirty; `share` draws 0..1 as per cent."""
    import vl_convert

    longest = sorted(values.items(), key=lambda item: -item[1])[:30]
    spec: dict[str, Any] = {
        "$schema": _SCHEMA,
        "width": 420,
        "title": {"text": title, "anchor": "start", "fontSize": 13},
        "data": {"values": [{"name": k, "value": v} for k, v in longest]},
        "mark": {"type": "bar", "color": "#2f6f8f", "cornerRadiusEnd": 2},
        "encoding": {
            "y": {"field": "name", "type": "nominal", "sort": None, "title": None, "axis": {"labelLimit": 220}},
            "x": {
                "field": "value",
                "type": "quantitative",
                "title": None,
                "axis": {"format": "%"} if share else {},
                **({"scale": {"domain": [0, 1]}} if share else {}),
            },
        },
        "config": {"view": {"stroke": None}, "axis": {"grid": False}},
    }
    png = vl_convert.vegalite_to_png(spec, scale=1.0)
    if len(png) > LARGEST:
        return dg.MetadataValue.text(f"{title}: too many bars to draw")
    return dg.MetadataValue.md(f"![{title}](data:image/png;base64,{base64.b64encode(png).decode()})")
