"""An example: a complete flavor for modelpack, for the library `centroids`."""
