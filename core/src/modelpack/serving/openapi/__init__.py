"""The server described by OpenAPI 3.1, made from the signature of its model."""
