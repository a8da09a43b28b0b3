"""Finding plugins, loading one by name, and calling its hooks with the wrappers round it."""
