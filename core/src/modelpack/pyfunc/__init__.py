"""pyfunc."""
