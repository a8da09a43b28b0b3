"""Deploying a packaged model to a target."""
