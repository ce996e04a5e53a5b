"""City packs: what a city says of itself and of its records, and reading that with the line of every mistake."""
