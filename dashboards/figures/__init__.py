"""Pure functions from frames to drawings; no query, no wording, no layout of pages."""
