"""Writing the package of a new plugin, for `modelpack plugins new`."""
