"""The simulated district: made-up source files of every kind of record, and the truth about them."""
