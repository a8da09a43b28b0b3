"""The page on which a person tries the model, and the one that describes the server's routes."""
