"""Pulling: from files, databases and web services into the raw layer, as read."""
