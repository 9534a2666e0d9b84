"""Progress of a run at a terminal: one line a step with its time, and a bar; plain lines in a pipe."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


class Steps:
    """Hears of steps and shows them. Use it in a `with`."""

    def __init__(self, console: Console, names: dict[str, str]) -> None:
        self._console, self._names = console, names
        self._began: dict[str, float] = {}
        self._done: set[str] = set()
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("Starting", total=len(names))

    def __enter__(self) -> Steps:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def __call__(self, step: str, word: str) -> None:
        """Hear that a step was 'started', 'finished' or 'failed'."""
        if step not in self._names or step in self._done:
            return
        name = self._names[step]
        if word == "started":
            self._began.setdefault(step, time.perf_counter())
            self._bar.update(self._task, description=name)
            return
        self._done.add(step)
        took = time.perf_counter() - self._began.get(step, time.perf_counter())
        mark = "[green]✓[/]" if word == "finished" else "[red]✗[/]"
        self._console.print(f"{mark} {name:<34} [dim]{took:6.1f} s[/]", highlight=False)
        self._bar.advance(self._task)
