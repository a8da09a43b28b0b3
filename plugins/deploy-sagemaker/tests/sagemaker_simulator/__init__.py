"""A stand-in for Amazon SageMaker over HTTP: strict about requests, slow to change, and serving with the real server.

    with SageMakerSimulator(directory, programs) as simulator:
        client = boto3.client("sagemaker", endpoint_url=simulator.url, region_name="us-east-1")

moto answers for S3, IAM, ECR, CloudWatch and the rest; SageMaker itself is here, since moto's takes any request, drops
what it does not know and needs no time.

What it is not: one server stands for all instances of a variant; nothing scales; of IAM, only a role's trust counts; a
network, a key or an instance is any that is well-formed; models are of one container. Sentences that begin with "The
simulator" are not AWS's, and those of some rare refusals are like AWS's, but not to the letter.
"""

from sagemaker_simulator.failures import Failure
from sagemaker_simulator.simulator import SageMakerSimulator

__all__ = ["Failure", "SageMakerSimulator"]
