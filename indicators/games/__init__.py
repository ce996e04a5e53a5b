"""Evolutionary games between subjects who may cooperate: illustrative scenarios, never part of a score."""
