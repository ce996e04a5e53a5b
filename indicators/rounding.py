"""To how many digits what is published is rounded: by itself, so that who needs the number imports nothing else."""

# Twelve digits repeat on any machine; the last of sixteen need not.
SIGNIFICANT_DIGITS = 12
