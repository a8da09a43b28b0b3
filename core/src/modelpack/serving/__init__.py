"""The scoring server: a packaged model behind HTTP."""
