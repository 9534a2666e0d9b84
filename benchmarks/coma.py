"""Valentine's Coma on solved matching problems, by an interpreter that has Valentine; see matching.py, which asks it.

    PYTHON benchmarks/coma.py CASE ...

Prints one JSON object a case: its scored pairs and the seconds they took. Coma (Do and Rahm, 2002) is the strongest
matcher of Valentine (Koutras et al., 2021) on most of its problems; schema and instances, as Valentine has it. Its list
of English stop words is a download, for which a short one stands in.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

import nltk  # pyright: ignore[reportMissingImports]
import pandas as pd
from valentine import valentine_match  # pyright: ignore[reportMissingImports]
from valentine.algorithms import Coma  # pyright: ignore[reportMissingImports]

STOP_WORDS = "a an and are as at be by for from has have in is it its of on or that the to was were will with"


def main() -> None:
    """Match every case."""
    words = Path(tempfile.mkdtemp()) / "corpora" / "stopwords"
    words.mkdir(parents=True)
    (words / "english").write_text("\n".join(STOP_WORDS.split()), encoding="utf-8")
    nltk.data.path.insert(0, str(words.parents[1]))
    for case in map(Path, sys.argv[1:]):
        source, target = (
            pd.read_csv(case / f"{side}.csv", dtype=str, keep_default_na=False) for side in ("source", "target")
        )
        began = time.perf_counter()
        found = valentine_match([source, target], Coma(use_instances=not (source.empty or target.empty)))
        pairs = [[pair.source_column, pair.target_column, float(score)] for pair, score in found.items()]
        seconds = round(time.perf_counter() - began, 2)
        print(json.dumps({"case": str(case), "pairs": pairs, "seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
