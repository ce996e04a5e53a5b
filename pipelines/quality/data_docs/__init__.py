"""Data Docs: the verdicts as a static site in the home folder."""
