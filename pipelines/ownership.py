"""Who answers for the assets, in Dagster's form."""

OWNERS = ["team:wardlight"]
