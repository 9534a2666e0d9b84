"""`make bench`: every benchmark in turn, printed and written to benchmarks/RESULTS.md.

`--data FOLDER` adds the ones on data with known answers: FOLDER holds relationships/, matching/datasets/ and cleaning/.
`--only state load` measures these alone, and leaves what the page says of the others. Numbers of one machine mean
little; the ratios and the shares do.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")


def commands(data: Path | None, valentine: Path | None = None) -> list[tuple[str, list[str]]]:
    """What is measured, and the module with its arguments."""
    found = [
        ("The whole run against a parse", ["benchmarks.running"]),
        ("From a request to suggestions", ["benchmarks.warm"]),
        ("What agents cost", ["benchmarks.agents"]),
        ("Profiling against a parse, 1M × 25", ["benchmarks.profiling", "1000000", "25"]),
        ("A hundred thousand flows", ["benchmarks.state"]),
        ("Readers of events that commit late", ["benchmarks.projections"]),
        ("Many clients on the same flows", ["benchmarks.load"]),
        ("Pages of wide flows", ["benchmarks.pages"]),
    ]
    if data:
        peer = [str(valentine)] if valentine else []
        databases = [str(folder) for folder in sorted((data / "relationships").iterdir()) if folder.is_dir()]
        found += [
            ("Keys and references", ["benchmarks.relationships", *databases]),
            ("Mapping", ["benchmarks.matching", str(data / "matching" / "datasets"), *peer]),
            (
                "Mapping of what was not learned from",
                ["benchmarks.train_matching", str(data / "matching" / "datasets")],
            ),
            ("Cleansing", ["benchmarks.cleaning", str(data / "cleaning")]),
        ]
    return found


def former() -> dict[str, list[str]]:
    """What the page says now, by title."""
    page, title = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else "", ""
    found: dict[str, list[str]] = {}
    for line in page.splitlines():
        title = line.removeprefix("## ") if line.startswith("## ") else title
        found.setdefault(title, []).append(line)
    return found


def section(title: str, command: list[str]) -> list[str]:
    """Measure, and say what came of it."""
    print(f"\n{title}", flush=True)
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, check=False)
    said = done.stdout.strip() if done.returncode == 0 else f"failed: {done.stderr.strip()[-500:]}"
    print(said, flush=True)
    shown = [part if not Path(part).is_absolute() else Path(part).name for part in command]
    return [f"## {title}", "", f"`python -m {' '.join(shown)}`", "", "```", said, "```"]


def main() -> None:
    """Run them all; one that fails is said, and the others go on."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--valentine", type=Path, help="a Python with Valentine, to match beside its Coma")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="names of modules, as state")
    options = parser.parse_args()
    before = former() if options.only else {}
    page = [
        "# Results",
        "",
        f"Written by `make bench` on {datetime.now(UTC):%Y-%m-%d}: {os.cpu_count()} cores, {platform.machine()}, "
        f"Python {platform.python_version()}.",
    ]
    found = {title: lines for title, lines in before.items() if title}
    for title, command in commands(options.data, options.valentine):
        if not options.only or command[0].removeprefix("benchmarks.") in options.only:
            found[title] = section(title, command)
    for lines in found.values():
        page += ["", *"\n".join(lines).strip().splitlines()]
    RESULTS.write_text("\n".join(page) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
