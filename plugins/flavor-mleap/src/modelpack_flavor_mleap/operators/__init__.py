"""The operators of Bundle.ML in NumPy, one module for each kind."""
