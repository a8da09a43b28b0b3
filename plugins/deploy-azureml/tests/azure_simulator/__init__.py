"""A stand-in for Azure Machine Learning, which the tests talk to over HTTPS through the real SDK.

What it does as Azure does: bodies are validated against Microsoft's schemas and the documented limits; operations take
time and are polled; uploads go to a storage account; a deployment that succeeds runs the real scoring server, behind a
front end that authenticates, divides and mirrors requests.
"""

from azure_simulator.messages import ServiceError
from azure_simulator.simulator import AzureSimulator

__all__ = ["AzureSimulator", "ServiceError"]
