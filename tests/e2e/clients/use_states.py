"""Step Functions: create, start, stop, describe, history, errors, the CLI."""

import json

from client import ACCOUNT, cli, eventually, refused, sdk

sfn = sdk("stepfunctions")
ROLE = f"arn:aws:iam::{ACCOUNT}:role/test"
DOUBLE = {
    "QueryLanguage": "JSONata",
    "StartAt": "Double",
    "States": {"Double": {"Type": "Pass", "Output": "{% {'n': $states.input.n * 2} %}", "End": True}},
}
LONG = {"QueryLanguage": "JSONata", "StartAt": "Long", "States": {"Long": {"Type": "Wait", "Seconds": 3600, "End": True}}}


def run() -> None:
    arn = sfn.create_state_machine(name="double", definition=json.dumps(DOUBLE), roleArn=ROLE)["stateMachineArn"]
    assert sfn.describe_state_machine(stateMachineArn=arn)["status"] == "ACTIVE"
    assert arn in [m["stateMachineArn"] for m in sfn.list_state_machines()["stateMachines"]]
    execution = sfn.start_execution(stateMachineArn=arn, name="one", input='{"n":21}')["executionArn"]
    done = eventually("the execution ends", 10, lambda: ended(execution))
    assert done["status"] == "SUCCEEDED" and json.loads(done["output"]) == {"n": 42}, done
    types = [e["type"] for e in sfn.get_execution_history(executionArn=execution)["events"]]
    assert types == ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"], types
    refused("ExecutionAlreadyExists", sfn.start_execution, stateMachineArn=arn, name="one", input='{"n":1}')
    refused("InvalidExecutionInput", sfn.start_execution, stateMachineArn=arn, input="{")
    sfn.delete_state_machine(stateMachineArn=arn)


def ended(execution: str) -> dict | None:
    d = sfn.describe_execution(executionArn=execution)
    return None if d["status"] == "RUNNING" else d


def stop() -> None:
    created = cli("stepfunctions", "create-state-machine", "--name", "long", "--definition", json.dumps(LONG), "--role-arn", ROLE)
    started = cli("stepfunctions", "start-execution", "--state-machine-arn", created["stateMachineArn"])
    arn = started["executionArn"]
    assert cli("stepfunctions", "describe-execution", "--execution-arn", arn)["status"] == "RUNNING"
    cli("stepfunctions", "stop-execution", "--execution-arn", arn, "--error", "Enough", "--cause", "a test")
    done = eventually("the execution stops", 10, lambda: ended(arn))
    assert done["status"] == "ABORTED" and done["error"] == "Enough", done
    events = cli("stepfunctions", "get-execution-history", "--execution-arn", arn, "--reverse-order")["events"]
    assert events[0]["type"] == "ExecutionAborted", events[0]


def refusals() -> None:
    wrong = {**LONG, "StartAt": "Nowhere"}
    refused("InvalidDefinition", sfn.create_state_machine, name="wrong", definition=json.dumps(wrong), roleArn=ROLE)
    jsonpath = {"StartAt": "P", "States": {"P": {"Type": "Pass", "InputPath": "$.a", "End": True}}}
    refused("InvalidDefinition", sfn.create_state_machine, name="jsonpath", definition=json.dumps(jsonpath), roleArn=ROLE)
    nothing = f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:nothing"
    refused("StateMachineDoesNotExist", sfn.describe_state_machine, stateMachineArn=nothing)
    refused("InvalidToken", sfn.send_task_success, taskToken="nobody gave this out", output="{}")


run()
stop()
refusals()
