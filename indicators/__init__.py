"""Indicators: pure statistics on frames. No orchestrator, database, file format or page belongs here."""
