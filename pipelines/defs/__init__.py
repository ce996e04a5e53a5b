"""Definitions that Dagster loads by itself: assets, checks, job, schedule, resources."""
