"""Redraw the pictures of docs/demonstrations: `python -m docs.draw_demonstrations`, from the repository's root.

The numbers are those that the tests of the demonstrations compute from the bundled records.
"""

import sys
from pathlib import Path

from tests.indicators import test_activity, test_censoring, test_demonstrations, test_near_repeat_trap

FOLDER = Path(__file__).parent / "demonstrations"
PICTURES = {
    "activity-is-not-outcome": test_activity.picture,
    "censoring": test_censoring.picture,
    "false-evaluation": test_demonstrations.picture_of_false_evaluations,
    "near-repeat-trap": test_near_repeat_trap.picture,
    "noise-ranking": test_demonstrations.picture_of_ranks,
}


def main() -> int:
    """Write the pictures."""
    for name, drawn in PICTURES.items():
        (FOLDER / f"{name}.svg").write_text(drawn(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
