"""Progress of a run on a terminal: a bar for long pulls, a line for each finished step; Dagster keeps the full log."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dagster as dg
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

_SHOWN = {"STEP_SUCCESS": "✓", "STEP_FAILURE": "✗"}


class _StepLines(logging.Handler):
    """Writes a line for each step that ends."""

    def emit(self, record: logging.LogRecord) -> None:
        told = getattr(record, "dagster_meta", None) or {}
        event = told.get("dagster_event")
        if event is not None and event.event_type_value in _SHOWN:
            seconds = ""
            if event.event_type_value == "STEP_SUCCESS":
                seconds = f"{event.step_success_data.duration_ms / 1000:6.1f} s"
            print(f"  {_SHOWN[event.event_type_value]} {event.step_key:<32}{seconds}", file=sys.stderr, flush=True)


@dg.logger
def progress_logger(context: dg.InitLoggerContext) -> logging.Logger:
    """Make the console logger of a run: one line a step."""
    logger = logging.Logger(f"wardlight.{context.run_id}", level=logging.DEBUG)
    logger.addHandler(_StepLines())
    return logger


@contextmanager
def pulling_bar(source: str) -> Iterator[Callable[[int, int | None], None] | None]:
    """Show a bar of a pull while it lasts, where standard error is a terminal; nothing else otherwise.

    What is given is told how much is done and how much there is, None where that is not known.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    columns = (TextColumn("  {task.description}"), BarColumn(), TextColumn("{task.fields[shown]}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(f"pull {source}", total=None, shown="")

        def report(done: int, total: int | None) -> None:
            share = f"{done / total:4.0%}" if total else f"{done:,}"
            bar.update(task, completed=done, total=total, shown=share)

        yield report
