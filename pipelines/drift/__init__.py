"""Drift: what changed in a source since its last delivery, found by comparing, reported with a suggestion."""
