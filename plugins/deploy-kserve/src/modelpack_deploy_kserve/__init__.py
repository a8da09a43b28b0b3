"""Deploy models to Kubernetes: KServe inference services, or plain deployments with autoscaling."""

from __future__ import annotations
