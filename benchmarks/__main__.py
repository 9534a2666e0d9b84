"""`make bench`: every benchmark in turn, printed and written to benchmarks/RESULTS.md.

`--data FOLDER` adds the ones on data with known answers: FOLDER holds relationships/, matching/datasets/ and cleaning/.
Numbers of one machine mean little; the ratios and the shares do.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).parent


def commands(data: Path | None) -> list[tuple[str, list[str]]]:
    """What is measured, and the module with its arguments."""
    found = [
        ("The whole run against a parse", ["benchmarks.running"]),
        ("Profiling against a parse, 1M × 25", ["benchmarks.profiling", "1000000", "25"]),
    ]
    if data:
        databases = [str(folder) for folder in sorted((data / "relationships").iterdir()) if folder.is_dir()]
        found += [
            ("Keys and references", ["benchmarks.relationships", *databases]),
            ("Mapping", ["benchmarks.matching", str(data / "matching" / "datasets")]),
            ("Cleansing", ["benchmarks.cleaning", str(data / "cleaning")]),
        ]
    return found


def main() -> None:
    """Run them all; one that fails is said, and the others go on."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    options = parser.parse_args()
    page = [
        "# Results",
        "",
        f"Written by `make bench` on {datetime.now(UTC):%Y-%m-%d}: {os.cpu_count()} cores, {platform.machine()}, "
        f"Python {platform.python_version()}.",
    ]
    for title, command in commands(options.data):
        print(f"\n{title}", flush=True)
        done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, check=False)
        said = done.stdout.strip() if done.returncode == 0 else f"failed: {done.stderr.strip()[-500:]}"
        print(said, flush=True)
        shown = [part if not Path(part).is_absolute() else Path(part).name for part in command]
        page += ["", f"## {title}", "", f"`python -m {' '.join(shown)}`", "", "```", said, "```"]
    (HERE / "RESULTS.md").write_text("\n".join(page) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
