"""The job that turns a city's records into a release; the only folder that knows Dagster."""
