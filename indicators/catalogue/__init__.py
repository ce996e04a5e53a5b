"""The indicator catalogue: one YAML entry per indicator, and the model that each entry must satisfy."""
