"""A stand-in for Amazon SageMaker over HTTP: strict about requests, slow to change, and serving with the real server.

    with SageMakerSimulator(directory) as simulator:
        client = boto3.client("sagemaker", endpoint_url=simulator.url, region_name="us-east-1")

moto answers for S3, IAM, ECR, CloudWatch and the rest; SageMaker itself is here, since moto's takes any request, drops
what it does not know and needs no time.
"""

from sagemaker_simulator.failures import Failure
from sagemaker_simulator.simulator import SageMakerSimulator

__all__ = ["Failure", "SageMakerSimulator"]
