"""Data to and from JSON, CSV, Arrow and Parquet: one codec table for the server, the command line and batch scoring."""
