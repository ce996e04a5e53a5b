"""Alerts: what has gone wrong, told once to those who asked for it, and once more when it is over."""
