"""S3: objects, multipart, copies, conditions, signed URLs, CORS, the CLI."""

import os
import pathlib
import time

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from client import cli, http, refused

# Left to itself boto3 signs URLs with Signature Version 2, which regions opened
# since 2014 refuse, as this stack does.
s3 = boto3.client("s3", config=Config(signature_version="s3v4"))
BIG = os.urandom(17 << 20)


def objects() -> None:
    names = {b["Name"] for b in s3.list_buckets()["Buckets"]}
    assert {"iris-uploads", "iris-work", "iris-results"} <= names, names
    key = "a b/ñ+%/scan.txt"
    put = s3.put_object(Bucket="iris-work", Key=key, Body=b"0123456789", Metadata={"iris-task": "auto"}, ContentType="text/plain")
    head = s3.head_object(Bucket="iris-work", Key=key)
    assert head["ETag"] == put["ETag"] and head["ContentLength"] == 10 and head["Metadata"] == {"iris-task": "auto"}, head
    assert s3.get_object(Bucket="iris-work", Key=key, Range="bytes=2-4")["Body"].read() == b"234"
    assert [o["Key"] for o in s3.list_objects_v2(Bucket="iris-work", Prefix="a b/")["Contents"]] == [key]
    refused("PreconditionFailed", s3.put_object, Bucket="iris-work", Key=key, Body=b"", IfNoneMatch="*")
    s3.copy_object(Bucket="iris-work", Key="copy", CopySource={"Bucket": "iris-work", "Key": key})
    assert s3.get_object(Bucket="iris-work", Key="copy")["Body"].read() == b"0123456789"
    s3.delete_objects(Bucket="iris-work", Delete={"Objects": [{"Key": key}, {"Key": "copy"}]})
    refused("NoSuchKey", s3.get_object, Bucket="iris-work", Key=key)
    refused("NoSuchBucket", s3.get_object, Bucket="iris-nothing", Key=key)


def multipart() -> None:
    path = pathlib.Path("big")
    path.write_bytes(BIG)
    s3.upload_file(str(path), "iris-work", "big", Config=TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20))
    head = s3.head_object(Bucket="iris-work", Key="big")
    assert head["ContentLength"] == len(BIG) and head["ETag"].endswith('-4"'), head
    assert s3.get_object(Bucket="iris-work", Key="big")["Body"].read() == BIG
    upload = s3.create_multipart_upload(Bucket="iris-work", Key="given-up")["UploadId"]
    s3.upload_part(Bucket="iris-work", Key="given-up", UploadId=upload, PartNumber=1, Body=b"x")
    s3.abort_multipart_upload(Bucket="iris-work", Key="given-up", UploadId=upload)
    refused("404", s3.head_object, Bucket="iris-work", Key="given-up")


def signed_urls() -> None:
    s3.put_object(Bucket="iris-work", Key="model.glb", Body=b"glTF")
    get = s3.generate_presigned_url("get_object", {"Bucket": "iris-work", "Key": "model.glb"}, ExpiresIn=3600)
    assert http("GET", get)[:2] == (200, b"glTF")
    assert http("GET", get.replace("model.glb", "model.glc"))[0] == 403, "another key"
    assert http("GET", get.replace("X-Amz-Expires=3600", "X-Amz-Expires=7200"))[0] == 403, "a longer life"
    assert http("DELETE", get)[0] == 403, "another method"
    assert http("GET", get.split("?")[0])[0] == 403, "no signature"
    put = s3.generate_presigned_url("put_object", {"Bucket": "iris-work", "Key": "put"}, ExpiresIn=3600)
    assert http("PUT", put, b"by URL")[0] == 200
    assert s3.get_object(Bucket="iris-work", Key="put")["Body"].read() == b"by URL"
    short = s3.generate_presigned_url("get_object", {"Bucket": "iris-work", "Key": "model.glb"}, ExpiresIn=1)
    time.sleep(2.1)
    status, body, _ = http("GET", short)
    assert status == 403 and b"expired" in body, (status, body)


def cors() -> None:
    url = os.environ["AWS_ENDPOINT_URL"] + "/iris-uploads/jobs/x"
    ask = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type"}
    for origin, allowed in (("http://localhost:5173", True), (os.environ["IRIS_HTTP"], True), ("http://evil.example", False)):
        status, _, headers = http("OPTIONS", url, headers={"Origin": origin, **ask})
        assert (headers.get("Access-Control-Allow-Origin") == origin) == allowed, (origin, status, headers)
    status, _, headers = http("OPTIONS", os.environ["AWS_ENDPOINT_URL"] + "/iris-work/x", headers={"Origin": "http://localhost:5173", **ask})
    assert status == 403, (status, headers)
    assert http("GET", url, headers={"Host": "evil.example"})[0] == 421, "a rebound name"


def by_cli() -> None:
    pathlib.Path("note.txt").write_text("from the CLI")
    cli("s3", "cp", "note.txt", "s3://iris-work/cli/note.txt", "--only-show-errors")
    cli("s3", "cp", "s3://iris-work/cli/note.txt", "back.txt", "--only-show-errors")
    assert pathlib.Path("back.txt").read_text() == "from the CLI"
    assert cli("s3api", "head-object", "--bucket", "iris-work", "--key", "cli/note.txt")["ContentLength"] == 12
    cli("s3", "rm", "s3://iris-work/cli", "--recursive", "--only-show-errors")


objects()
multipart()
signed_urls()
cors()
by_cli()
