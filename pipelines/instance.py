"""The Dagster instance of a home folder: its settings file, telemetry off, and a process environment for it."""

import json
import os
from pathlib import Path

SETTINGS = """\
# Written by Wardlight. Runs and events are kept in SQLite beside this file: enough for one machine.
telemetry:
  enabled: false
nux:
  enabled: false
event_log_storage:
  module: pipelines.event_log
  class: KeptConnections
  config:
    base_dir: {events}
run_coordinator:
  module: dagster.core.run_coordinator
  class: QueuedRunCoordinator
  config:
    max_concurrent_runs: 1
"""


def instance_folder(home: Path) -> Path:
    """Return the folder of the instance, made ready for use."""
    folder = home / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "dagster.yaml"
    # Where Dagster itself would keep the events; JSON quotes a path as YAML does.
    text = SETTINGS.format(events=json.dumps(str(folder.resolve() / "history" / "runs"), ensure_ascii=False))
    if not settings.exists() or settings.read_text(encoding="utf-8") != text:
        settings.write_text(text, encoding="utf-8")
    return folder


def environment(city: Path, home: Path) -> dict[str, str]:
    """Return the environment for a process that works on a city and a home folder."""
    return {
        **os.environ,
        "WARDLIGHT_CITY": str(city.resolve()),
        "WARDLIGHT_HOME": str(home.resolve()),
        "DAGSTER_HOME": str(instance_folder(home).resolve()),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "GX_ANALYTICS_ENABLED": "false",
        "PYTHONWARNINGS": "ignore",
    }
