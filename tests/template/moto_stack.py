"""template.yaml, translated by SAM, as a stack of moto's CloudFormation: a second judge beside `iris up`.

In: the repository's root; a command after --. Out: what moto made of each deployment, held
against the template; then the command, with IRIS_MOTO (the server's address), IRIS_MOTO_TABLE
and IRIS_MOTO_BUCKET in its environment, whose status is this program's.
"""

import io
import json
import logging
import os
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}

import boto3  # noqa: E402
from botocore.exceptions import ClientError  # noqa: E402
from moto.server import ThreadedMotoServer  # noqa: E402
from samtranslator.parser.parser import Parser  # noqa: E402
from samtranslator.translator.translator import Translator  # noqa: E402
from samtranslator.yaml_helper import yaml_parse  # noqa: E402

MANAGED = {
    name: f"arn:aws:iam::aws:policy/{path}{name}"
    for name, path in {"AWSLambdaBasicExecutionRole": "service-role/", "AWSXRayDaemonWriteAccess": "", "AWSXrayWriteOnlyAccess": ""}.items()
}
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/iris-totalsegmentator:2026-12-01"
DEPLOYMENTS = {
    "nothing chosen": {},
    # But for the page and the records of names, of which moto knows no attribute, and for
    # the rules of notices, at whose targets moto fails.
    "nearly everything": {
        "ModelImageUri": IMAGE, "UserPool": "create", "SignInDomain": "iris", "DomainName": "example.org",
        "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000",
        "AlertEmail": "b@example.org", "UploadsBucketName": "all-uploads", "WorkBucketName": "all-work", "ResultsBucketName": "all-results",
    },
}  # fmt: skip


def sources(template: dict) -> dict:
    """The template as `sam package` leaves it: code in a bucket, the workflow in line."""
    text = (ROOT / "statemachine" / "scan.asl.json").read_text()
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function":
            properties["CodeUri"] = {"Bucket": "code", "Key": "function.zip"}
        if resource["Type"] == "AWS::Serverless::StateMachine":
            del properties["DefinitionUri"]
            properties["Definition"] = json.loads(text)
    return template


def translated(parameters: dict) -> dict:
    template = sources(yaml_parse((ROOT / "template.yaml").read_text()))
    translator = Translator(MANAGED, Parser(), boto_session=boto3.Session(region_name="us-east-1"))
    out = translator.translate(sam_template=template, parameter_values=parameters, feature_toggle=None)
    # CloudFormation makes a repository's name of small letters, moto one that ECR refuses.
    out["Resources"]["ModelRepository"]["Properties"]["RepositoryName"] = {"Fn::Sub": "${AWS::StackName}-modelrepository"}
    out.pop("Rules", None)  # moto knows no Rules, and fails at outputs of types that it does not
    out.pop("Outputs", None)  # know; cfn-lint checks both
    return out


class Look:
    """What was compared: problems, and what moto's CloudFormation leaves out."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.untold: list[str] = []
        self.compared = 0

    def same(self, what: str, got, want: object) -> None:
        """Compares what a call says. A service that moto's stacks do not set up says that
        there is nothing; that is noted, not taken for an answer."""
        try:
            value = got()
        except (ClientError, KeyError, IndexError):
            self.untold.append(what)
            return
        self.compared += 1
        if value != want:
            self.problems.append(f"{what}: {value!r}, want {want!r}")


def resources(cloudformation, stack: str) -> dict[str, dict]:
    """The stack's resources by their logical ids; moto lists some that it does not know as {}."""
    found = cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
    return {r["LogicalResourceId"]: r for r in found if "LogicalResourceId" in r}


def look(url: str, stack: str, template: dict, parameters: dict) -> Look:
    """What the deployed stack's services say, against what the template says."""

    def client(service: str):
        return boto3.client(service, endpoint_url=url)

    seen = Look()
    made = resources(client("cloudformation"), stack)
    names = {i: r["PhysicalResourceId"] for i, r in made.items() if r.get("PhysicalResourceId")}
    s3 = client("s3")
    for bucket in ("UploadsBucket", "WorkBucket", "ResultsBucket"):
        name = names[bucket]
        seen.same(f"{bucket} versions", lambda: s3.get_bucket_versioning(Bucket=name)["Status"], "Enabled")
        seen.same(f"{bucket} public", lambda: s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]["RestrictPublicBuckets"], True)
        seen.same(f"{bucket} encryption", lambda: s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"][0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"], "AES256")
        seen.same(f"{bucket} parts", lambda: [r["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] for r in s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"] if "AbortIncompleteMultipartUpload" in r], [1])
        seen.same(f"{bucket} TLS", lambda: sorted(s["Sid"] for s in json.loads(s3.get_bucket_policy(Bucket=name)["Policy"])["Statement"]), ["ModernTlsOnly", "TlsOnly"])
    origins = ["http://localhost:5173"]
    if "DomainName" in parameters:
        origins = [f"https://{parameters['DomainName']}", f"https://www.{parameters['DomainName']}", *origins]
    seen.same("origins", lambda: [o for o in s3.get_bucket_cors(Bucket=names["UploadsBucket"])["CORSRules"][0]["AllowedOrigins"] if "WebApp" not in o and "amplify" not in o], origins)
    seen.same("announced", lambda: s3.get_bucket_notification_configuration(Bucket=names["UploadsBucket"])["EventBridgeConfiguration"], {})
    table = client("dynamodb").describe_table(TableName=names["JobsTable"])["Table"]
    seen.same("table keys", lambda: [k["AttributeName"] for k in table["KeySchema"]], ["pk", "sk"])
    seen.same("table index", lambda: [i["IndexName"] for i in table["GlobalSecondaryIndexes"]], ["owner-created"])
    seen.same("table billing", lambda: table["BillingModeSummary"]["BillingMode"], "PAY_PER_REQUEST")
    seen.same("table protection", lambda: table["DeletionProtectionEnabled"], True)
    functions = {f["FunctionName"]: f for f in client("lambda").list_functions()["Functions"]}
    for resource in template["Resources"].values():
        if resource["Type"] != "AWS::Lambda::Function" or (resource.get("Condition") == "HasWebhook" and "WebhookUrl" not in parameters):
            continue
        name = f"{stack}-" + resource["Properties"]["FunctionName"]["Fn::Sub"].rpartition("-")[2]
        seen.same(f"{name} runtime", lambda: functions[name]["Runtime"], "provided.al2023")
        seen.same(f"{name} table", lambda: functions[name]["Environment"]["Variables"]["JOBS_TABLE"], names["JobsTable"])
    rules = client("events").list_rules()["Rules"]
    seen.same("rule", lambda: [json.loads(r["EventPattern"])["detail"]["bucket"]["name"] for r in rules if "IntakeFunctionDropped" in r["Name"] and stack in r["Name"]], [[names["UploadsBucket"]]])
    attributes = client("sqs").get_queue_attributes(QueueUrl=names["DeadLetters"], AttributeNames=["All"])["Attributes"]
    seen.same("dead letters", lambda: [s["Sid"] for s in json.loads(attributes["Policy"])["Statement"]], ["TlsOnly", "Rules", "Subscriptions"])
    machines = client("stepfunctions").list_state_machines()["stateMachines"]
    seen.same("workflow", lambda: [m["name"] for m in machines if m["name"].startswith(stack)], [f"{stack}-scan"])
    if "ModelImageUri" in parameters:
        sagemaker = client("sagemaker")
        seen.same("variant", lambda: sagemaker.describe_endpoint(EndpointName="iris-totalsegmentator-endpoint")["ProductionVariants"][0]["VariantName"], "AllTraffic")
    return seen


def main() -> int:
    logging.disable()  # each request, each type that moto does not know (listed below), each of its own faults (the clients see a 500)
    warnings.simplefilter("ignore")
    command = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else []
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url, failed = f"http://{host}:{port}", False
    try:
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as z:
            z.writestr("bootstrap", "#!/bin/sh\n")
        s3 = boto3.client("s3", endpoint_url=url)
        s3.create_bucket(Bucket="code")
        s3.put_object(Bucket="code", Key="function.zip", Body=code.getvalue())
        cloudformation = boto3.client("cloudformation", endpoint_url=url)
        for n, (name, parameters) in enumerate(DEPLOYMENTS.items()):
            stack, template = f"moto{n}", translated(parameters)
            declared = template["Parameters"]
            cloudformation.create_stack(
                StackName=stack, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"],
                Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items() if k in declared],
            )  # fmt: skip
            kinds = {r.get("ResourceType") for r in resources(cloudformation, stack).values()}
            unknown = {r["Type"] for r in template["Resources"].values()} - kinds
            seen = look(url, stack, template, parameters)
            ok = not seen.problems and seen.compared >= 25
            print(f"moto, {name}: {len(template['Resources'])} resources after SAM, {seen.compared} facts {'ok' if ok else 'NOT as the template says'}", flush=True)
            print(f"  moto does not tell: {', '.join(seen.untold) or 'nothing'}; not deployed, or not known to moto: {', '.join(sorted(unknown))}")
            for problem in seen.problems:
                print(f"  {problem}")
            failed |= not ok
        if command:
            made = resources(cloudformation, "moto1")
            environment = os.environ | {"IRIS_MOTO": url, "IRIS_MOTO_TABLE": made["JobsTable"]["PhysicalResourceId"], "IRIS_MOTO_BUCKET": made["WorkBucket"]["PhysicalResourceId"]}
            failed |= subprocess.run(command, env=environment, check=False).returncode != 0
    finally:
        server.stop()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
