"""Progress of a run on a terminal: one line a finished step, with its seconds; Dagster keeps the full log."""

import logging
import sys

import dagster as dg

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
