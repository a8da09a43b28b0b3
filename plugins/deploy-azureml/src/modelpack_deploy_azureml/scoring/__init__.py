"""The scripts that run on Azure's own images; nothing here is imported by this package."""
