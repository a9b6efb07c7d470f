"""The types and their check, against openapi.json and the contract's fixtures."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from iris_oculus import models, what_to_do
from iris_oculus.decode import decode
from iris_oculus.errors import FailedError, IrisError, RefusedError

from .conftest import ROOT

HERE = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "tests" / "contract" / "fixtures"


def test_the_models_are_those_of_the_document() -> None:
    subprocess.run([sys.executable, "scripts/models.py", "--check"], cwd=HERE, check=True)


def cases(name: str) -> list[Any]:
    found = json.loads((FIXTURES / name).read_text("utf-8"))
    assert len(found) > 3
    return [pytest.param(case, id=case["name"]) for case in found]


@pytest.mark.parametrize("case", cases("jobs.json"))
def test_jobs(case: dict[str, Any]) -> None:
    judged(models.Job, case)


@pytest.mark.parametrize("case", cases("problems.json"))
def test_problems(case: dict[str, Any]) -> None:
    judged(models.Problem, case)


@pytest.mark.parametrize("case", cases("status.json"))
def test_status(case: dict[str, Any]) -> None:
    judged(models.DeploymentStatus, case)


def judged(kind: type, case: dict[str, Any]) -> None:
    if case["accepted"]:
        assert decode(kind, case["body"]) == case["body"]
    else:
        with pytest.raises(ValueError, match="body"):
            decode(kind, case["body"])


def test_an_error_names_the_place_and_no_value() -> None:
    body = json.loads((FIXTURES / "jobs.json").read_text("utf-8"))[0]["body"]
    body["structures"][0]["volume_ml"] = "ZZPHI"
    with pytest.raises(ValueError, match=r"volume_ml of structures of the body\[0\]") as error:
        decode(models.Job, body)
    assert "ZZPHI" not in str(error.value)


def test_nothing_is_nested_for_ever() -> None:
    deep: Any = {}
    for _ in range(10_000):
        deep = [deep]
    with pytest.raises(ValueError, match="list|object"):
        decode(models.Job, deep)


def test_errors_say_what_to_do_and_survive_pickling() -> None:
    import pickle

    assert "Retry-After" in what_to_do("busy")
    error = RefusedError("busy", "later", "01", 503)
    assert "Retry-After" in str(error)
    again = pickle.loads(pickle.dumps(error))
    assert (again.code, again.detail, again.job, again.status) == ("busy", "later", "01", 503)
    assert isinstance(pickle.loads(pickle.dumps(FailedError("x", "y"))), IrisError)
