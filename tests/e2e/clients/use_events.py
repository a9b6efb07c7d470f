"""EventBridge: a rule of a client's own sends an event that PutEvents brings to a workflow."""

import json

from client import ACCOUNT, cli, eventually, refused, sdk

events, sfn = sdk("events"), sdk("stepfunctions")
KEEP = {"QueryLanguage": "JSONata", "StartAt": "Keep", "States": {"Keep": {"Type": "Pass", "End": True}}}

machine = sfn.create_state_machine(name="kept", definition=json.dumps(KEEP), roleArn=f"arn:aws:iam::{ACCOUNT}:role/t")["stateMachineArn"]
events.put_rule(Name="kept", EventPattern=json.dumps({"source": ["test.e2e"], "detail": {"n": [{"numeric": [">", 1]}]}}))
answer = events.put_targets(Rule="kept", Targets=[{"Id": "t", "Arn": machine, "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/t"}])
assert answer["FailedEntryCount"] == 0, answer

entries = [{"Source": "test.e2e", "DetailType": "Test", "Detail": json.dumps({"n": n})} for n in (1, 2)]
put = events.put_events(Entries=[*entries, {"Source": "test.e2e", "DetailType": "Test", "Detail": "not JSON"}])
assert put["FailedEntryCount"] == 1 and put["Entries"][2]["ErrorCode"] == "MalformedDetail", put

kept = eventually("the event arrives", 10, lambda: sfn.list_executions(stateMachineArn=machine)["executions"])
assert len(kept) == 1, kept
event = json.loads(sfn.describe_execution(executionArn=kept[0]["executionArn"])["input"])
assert event["detail"] == {"n": 2} and event["source"] == "test.e2e" and event["account"] == ACCOUNT, event

cli("events", "put-events", "--entries", json.dumps([entries[1]]))
eventually("the CLI's event arrives", 10, lambda: len(sfn.list_executions(stateMachineArn=machine)["executions"]) == 2)
refused("InvalidEventPatternException", events.put_rule, Name="wrong", EventPattern='{"source":"not a list"}')
events.remove_targets(Rule="kept", Ids=["t"])
events.delete_rule(Name="kept")
refused("ResourceNotFoundException", events.describe_rule, Name="kept")
