"""Composite indices and coordination after the OECD/JRC Handbook, on numpy arrays and polars frames."""
