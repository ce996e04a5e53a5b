"""Games of the simulated district: their planted payoffs, and what must come of them, worked out by hand.

The pack declares the tables; here are the same numbers and the conditions that follow from them on paper, so that the
engine can be held against something that it did not make.
"""

from datetime import date
from typing import Any

from pipelines.simulation.profiles import in_co_patrol
from pipelines.simulation.seasons import day_number

# Newest final figure of E2 as of the simulation's day: the third quarter's, stated on the first of September.
STATED = date(2025, 9, 1)
SHARED, JOINT, REWARD, PENALTY, CREDIT = 2.0, 2.0, 1.5, 2.0, 9.5
COST_OFFICE, COST_ENTERPRISES, COST_RESIDENTS = 7.5, 8.0, 4.2
EFFORT, FINE, TROUBLE = 2.0, 5.0, 1.5


def planted_games() -> dict[str, Any]:
    """Return what is planted, for truth.json."""
    joined, enterprises = in_co_patrol(day_number(STATED))
    share = joined / enterprises
    cost = COST_ENTERPRISES * (1 - share / 2)
    # Everyone cooperates and stays: the office up to this reward, the others from this one on.
    most = (SHARED + CREDIT - COST_OFFICE) / 2
    least = max(cost - SHARED - JOINT - PENALTY, COST_RESIDENTS - SHARED - JOINT)
    # Nobody cooperates and stays so: none would gain by beginning alone.
    nobody = SHARED + PENALTY < COST_OFFICE and cost > SHARED and SHARED < COST_RESIDENTS
    return {
        "definition": "Games that the pack declares. joined: share of key enterprises in co-patrol in the newest final "
        "figure. stable: profiles (who cooperates, 1, and who does not, 0) from which none gains by changing alone. "
        "thresholds: between which values of a parameter everyone's cooperation is stable, the others as planted; null "
        "where nothing ends it. mixed: shares that both are indifferent at, which the others go round.",
        "co_patrol": {
            "joined": round(share, 9),
            "stable": {
                "today": ["0,0,0"] * nobody + ["1,1,1"] * (least < REWARD < most),
                "double_reward": ["0,0,0"] * nobody + ["1,1,1"] * (least < 2 * REWARD < most),
            },
            "thresholds": {
                "reward": [round(least, 9), round(most, 9)],
                "penalty": [round(cost - SHARED - JOINT - REWARD, 9), None],
                "cost_office": [None, round(SHARED + CREDIT - 2 * REWARD, 9)],
                "cost_residents": [None, round(SHARED + JOINT + REWARD, 9)],
                "joined": [round(2 * (1 - (SHARED + JOINT + REWARD + PENALTY) / COST_ENTERPRISES), 9), None],
                "shared_benefit": [
                    round(
                        max(
                            COST_OFFICE + 2 * REWARD - CREDIT,
                            cost - JOINT - REWARD - PENALTY,
                            COST_RESIDENTS - JOINT - REWARD,
                        ),
                        9,
                    ),
                    None,
                ],
            },
        },
        "inspection": {
            "mixed": {"today": [TROUBLE / FINE, 1 - EFFORT / FINE], "higher_fine": [TROUBLE / 10, 1 - EFFORT / 10]},
            "stable": {"today": [], "higher_fine": []},
        },
    }
