"""SageMaker: describe the endpoint, move its capacity, a refusal while it updates."""

from botocore.exceptions import ClientError
from client import cli, eventually, refused, sdk

sagemaker = sdk("sagemaker")
(ENDPOINT,) = [e["EndpointName"] for e in sagemaker.list_endpoints()["Endpoints"]]


def variant() -> dict:
    return sagemaker.describe_endpoint(EndpointName=ENDPOINT)["ProductionVariants"][0]


def want(instances: int) -> dict:
    return {
        "EndpointName": ENDPOINT,
        "DesiredWeightsAndCapacities": [{"VariantName": variant()["VariantName"], "DesiredInstanceCount": instances}],
    }


described = cli("sagemaker", "describe-endpoint", "--endpoint-name", ENDPOINT)
assert described["EndpointStatus"] == "InService" and variant()["CurrentInstanceCount"] == 0, described

up = want(1)


def refused_while_updating() -> bool:
    """Asks for an instance: the change begins, or another one is under way and this one is refused."""
    try:
        sagemaker.update_endpoint_weights_and_capacities(**up)
    except ClientError as error:
        assert error.response["Error"]["Code"] == "ValidationException", error
        return variant()["DesiredInstanceCount"] == 1
    return False


# clients_test.go has an instance take seconds to come. On a busy machine the change may
# be over all the same, and the endpoint parked again, before the next call comes.
eventually("a change is refused while another one is under way", 60, refused_while_updating)

# Nobody holds the lease, so the endpoint's event has it parked again.
eventually("the endpoint is parked", 60, lambda: (variant()["DesiredInstanceCount"], variant()["CurrentInstanceCount"]) == (0, 0))
refused("ValidationException", sagemaker.describe_endpoint, EndpointName="nothing")

scaling = sdk("application-autoscaling")
(target,) = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
assert target["ResourceId"].startswith(f"endpoint/{ENDPOINT}/variant/"), target
