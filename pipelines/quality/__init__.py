"""Expectations that judge tables: their declarations, the run inside DuckDB, and the gates they close."""
