"""From indicators to an immutable release."""
