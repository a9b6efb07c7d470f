"""Signatures: who am I, another key, another secret; functions over the Lambda API."""

import json

import boto3
from client import ACCOUNT, cli, refused, sdk

assert cli("sts", "get-caller-identity")["Account"] == ACCOUNT
key = boto3.Session().get_credentials()
for service, operation, arguments, codes in (
    ("dynamodb", "list_tables", {}, ("UnrecognizedClientException", "InvalidSignatureException")),
    ("stepfunctions", "list_state_machines", {}, ("UnrecognizedClientException", "InvalidSignatureException")),
    ("events", "list_rules", {}, ("UnrecognizedClientException", "InvalidSignatureException")),
    ("sagemaker", "list_endpoints", {}, ("UnrecognizedClientException", "InvalidSignatureException")),
    ("sts", "get_caller_identity", {}, ("InvalidClientTokenId", "SignatureDoesNotMatch")),
    ("s3", "list_buckets", {}, ("InvalidAccessKeyId", "SignatureDoesNotMatch")),
):
    stranger = boto3.client(service, aws_access_key_id="AKIASTRANGER", aws_secret_access_key="x")
    refused(codes[0], getattr(stranger, operation), **arguments)
    thief = boto3.client(service, aws_access_key_id=key.access_key, aws_secret_access_key="guessed")
    refused(codes[1], getattr(thief, operation), **arguments)

functions = sdk("lambda")
name = next(f["FunctionName"] for f in functions.list_functions()["Functions"] if f["FunctionName"].endswith("-api"))
event = {
    "version": "2.0", "routeKey": "$default", "rawPath": "/healthz", "rawQueryString": "", "headers": {}, "isBase64Encoded": False,
    "requestContext": {"http": {"method": "GET", "path": "/healthz", "sourceIp": "127.0.0.1", "protocol": "HTTP/1.1"}},
}
answer = functions.invoke(FunctionName=name, Payload=json.dumps(event))
assert answer["StatusCode"] == 200 and "FunctionError" not in answer, answer
assert json.loads(answer["Payload"].read())["statusCode"] == 200
refused("ResourceNotFoundException", functions.invoke, FunctionName="nothing", Payload="{}")
