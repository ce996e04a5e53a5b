"""Parts that several pages use; no query, no callback."""
