"""SNS: the endpoint's topics, their subscriber, a message about a request that nobody sent."""

import json

from client import ACCOUNT, cli, refused, sdk

sns = sdk("sns")
success = f"arn:aws:sns:us-east-1:{ACCOUNT}:iris-success"
topics = {t["TopicArn"] for t in sns.list_topics()["Topics"]}
assert success in topics and len(topics) > 1, topics
(subscription,) = sns.list_subscriptions_by_topic(TopicArn=success)["Subscriptions"]
assert subscription["Protocol"] == "lambda" and subscription["Endpoint"].endswith("-segmented"), subscription
unknown = {"invocationStatus": "Completed", "inferenceId": "unknown-1", "responseParameters": {"outputLocation": "s3://iris-work/none/1/labels.bin"}}
assert sns.publish(TopicArn=success, Message=json.dumps(unknown))["MessageId"]
assert cli("sns", "publish", "--topic-arn", success, "--message", json.dumps(unknown))["MessageId"]
refused("NotFound", sns.publish, TopicArn=success + "-nothing", Message="x")
