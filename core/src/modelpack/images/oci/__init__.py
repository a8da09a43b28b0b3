"""OCI images as data: references, layers, manifests, layouts and registries, without a container engine."""

from __future__ import annotations
