"""The model format: the `MLmodel` file and the signature."""
