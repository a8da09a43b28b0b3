"""Scoring files and streams of any size in chunks."""
