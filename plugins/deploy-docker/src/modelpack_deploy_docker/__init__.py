"""The target docker for modelpack: containers on a Docker engine, or on podman."""
