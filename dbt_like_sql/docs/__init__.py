"""The site about a project: a page for each of its models and source tables."""
