"""Trying a pack on its files before anything is kept: in a second, or by a whole load into a passing folder."""
