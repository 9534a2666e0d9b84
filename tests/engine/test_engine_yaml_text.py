"""YAML of somebody's: read as it is, and refused before it does harm."""

from __future__ import annotations

import pytest
import yaml

from discovery_pipeline.engine import yaml_text

LAUGHS = "a0: &a0 {x: 1, y: 2}\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))
MERGED = "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}\n" for n in range(1, 9))


def test_a_text_says_what_it_says_aliases_included():
    assert yaml_text.read("a: &x [1, yes, ~]\nb: *x\nc: 2024-01-31") == yaml.safe_load(
        "a: [1, yes, ~]\nb: [1, yes, ~]\nc: 2024-01-31"
    )
    assert yaml_text.read("") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 100_000, "levels deep"), ("- " * 50_000, "levels deep"), ("{a: " * 60 + "1" + "}" * 60, "levels deep"),
        (LAUGHS, "unfolds"), (MERGED, "unfolds"), ("&a [*a]", "unfolds"), ("a: [", "expected"),
        ("a: 2024-99-99", "month"), ("!!python/object/apply:os.system [ls]", "tag"), ("*nowhere", "undefined"),
        ("\x00", "control characters|not allowed"),
    ],
    ids=["brackets", "dashes", "braces", "laughs", "merges", "itself", "open", "no-date", "code", "stray", "nul"],
)  # fmt: skip
def test_what_is_no_yaml_or_out_of_bounds_is_refused(text: str, said: str):
    with pytest.raises(yaml.YAMLError, match=said):
        yaml_text.read(text)
