"""The target shelf for modelpack."""
