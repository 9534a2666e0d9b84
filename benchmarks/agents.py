"""What agents cost: the playbook, a crew in a warm process and in a cold one, and CrewAI's import beside a profile.

Usage: python -m benchmarks.agents [--rows 100000] [--columns 25]

Each cold measure is a process of its own. The promise: a crew in a warm process adds less than half a second to a flow,
and a process without a model never imports CrewAI.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

PROMISE_SECONDS = 0.5
REPEAT = 7


def main() -> None:
    """Measure, and print a table."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rows", type=int, default=100_000)
    arguments.add_argument("--columns", type=int, default=25)
    arguments.add_argument("--child", nargs=2, metavar=("WHAT", "FILE"))
    given = arguments.parse_args()
    if given.child:
        print(json.dumps(CHILDREN[given.child[0]](Path(given.child[1]))), flush=True)
        return
    with tempfile.TemporaryDirectory() as place:
        file = _made(Path(place), given.rows, given.columns)
        found = {what: _child(what, file) for what in CHILDREN}
    _print(found, given.rows, given.columns)


def _made(place: Path, rows: int, columns: int) -> Path:
    """A file of an estate: a key, a host, an address, and columns of words, numbers and dates."""
    import duckdb

    kinds = ("'w' || (i * 7 % {n})", "(i * 13 % {n})::VARCHAR", "(DATE '2020-01-01' + (i % {n})::INTEGER)::VARCHAR")
    more = [f"{kinds[c % 3].format(n=50 + 37 * c)} AS column_{c}" for c in range(columns - 3)]
    named = ["'S' || i AS sys_id", "'web' || i AS hostname", "'10.' || i % 250 || '.0.' || i % 200 AS ip_address"]
    file = place / "estate.csv"
    duckdb.execute(f"COPY (SELECT {', '.join(named + more)} FROM range({rows}) t(i)) TO '{file}' (HEADER)")
    return file


def _results(file: Path) -> Any:
    from discovery_pipeline.agents.gathering import Results
    from discovery_pipeline.engine import duck, intake, mapping, profiling, schema, targets

    target = targets.load("aws")
    with duck.connect() as con, tempfile.TemporaryDirectory() as place:
        read = intake.read(con, [file], Path(place))
        profile = profiling.profile(con, read.tables, today=date(2026, 1, 1))
        analysis = schema.analyse(con, read.tables, profile)
        offered = mapping.suggest(con, read.tables, target, mapping.Known(profile=profile, analysis=analysis))
    return Results(profile, analysis, (offered,), (target,), read.findings)


def _playbook(file: Path) -> dict[str, float]:
    from discovery_pipeline.agents.gathering import brief

    results = _results(file)
    before = _memory()
    gathering = _timed(lambda: brief(results))
    advising = _timed(lambda: _advised("expert", brief(results))) - gathering
    return {"facts": gathering, "playbook": advising, "memory": _memory() - before}


def _warm(file: Path) -> dict[str, float]:
    from discovery_pipeline.agents.gathering import brief

    told = brief(_results(file))
    before = _memory()
    began, cpu = time.perf_counter(), time.process_time()
    import discovery_pipeline.agents.crew.crew  # noqa: F401

    took = {"import": time.perf_counter() - began, "import cpu": time.process_time() - cpu}
    took["import memory"] = _memory() - before
    took["first crew"] = _once(lambda: _advised("crewai", told))
    took["crew"] = _timed(lambda: _advised("crewai", told))
    return took | {"memory": _memory() - before}


def _beside(file: Path) -> dict[str, float]:
    """A profile with CrewAI loading beside it, until both are there."""
    from discovery_pipeline.agents.running import warm_up
    from discovery_pipeline.settings import AgentSettings

    began = time.perf_counter()
    warm_up(AgentSettings(engine="crewai"))
    _profiled(file)
    import discovery_pipeline.agents.crew.crew  # noqa: F401

    return {"both": time.perf_counter() - began}


def _alone(file: Path) -> dict[str, float]:
    return {"profile": _once(lambda: _profiled(file))}


def _profiled(file: Path) -> None:
    from discovery_pipeline.engine import duck, intake, profiling

    with duck.connect() as con, tempfile.TemporaryDirectory() as place:
        read = intake.read(con, [file], Path(place))
        profiling.profile(con, read.tables, today=date(2026, 1, 1))


def _advised(engine: Any, told: Any) -> None:
    from discovery_pipeline.agents.running import Means, advise_all
    from discovery_pipeline.settings import AgentSettings

    advise_all(told, Means(AgentSettings(engine=engine)))


def _once(work: Any) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _timed(work: Any) -> float:
    return statistics.median(_once(work) for _ in range(REPEAT))


def _memory() -> float:
    """The most this process has held, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


CHILDREN = {"playbook": _playbook, "warm": _warm, "alone": _alone, "beside": _beside}


def _child(what: str, file: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.agents", "--child", what, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def _print(found: dict[str, dict[str, float]], rows: int, columns: int) -> None:
    book, warm = found["playbook"], found["warm"]
    alone, both = found["alone"]["profile"], found["beside"]["both"]
    print(f"agents on {rows:,} × {columns}, all eight tasks")
    print(f"  facts put together        {book['facts']:6.3f} s")
    print(f"  playbook without CrewAI   {book['playbook']:6.3f} s   {book['memory']:5.0f} MiB more")
    print(f"  crew, warm process        {warm['crew']:6.3f} s   (promised: under {PROMISE_SECONDS} s)")
    print(f"  crew, the first           {warm['first crew']:6.3f} s   {warm['memory']:5.0f} MiB more, import included")
    print(f"  import of CrewAI, alone   {warm['import']:6.3f} s   {warm['import cpu']:.1f} s of CPU, "
          f"{warm['import memory']:.0f} MiB")  # fmt: skip
    print(f"  reading and profiling     {alone:6.3f} s")
    print(f"  both beside each other    {both:6.3f} s   {max(0.0, both - alone):.1f} s are left of the import")


if __name__ == "__main__":
    main()
