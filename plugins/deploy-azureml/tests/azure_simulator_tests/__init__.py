"""The stand-in for Azure Machine Learning is real and strict: shown with the plain SDK."""
