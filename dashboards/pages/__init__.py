"""One module per page: reads what it needs from a release and lays it out."""
