"""Judges of template.yaml that are not ours, run offline by `make test-cloud`.

In: the repository's root, and build/cloud with a file for each deployment (tests/template/
resolved). Out: one line a judge; exit status 1 when one of them objects, with what it says.
No account, no credentials and no network are needed.
"""

import argparse
import fnmatch
import json
import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BIN = Path(sys.executable).parent
ENVIRONMENT = {
    **os.environ,
    "SAM_CLI_TELEMETRY": "0",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "CHECKOV_RUN_ACTIONS": "false",
    "PATH": f"{BIN}:{os.environ['PATH']}",
}


def ask(*command: str, where: Path = ROOT) -> tuple[int, str]:
    """A program's exit status and everything that it says."""
    done = subprocess.run(command, cwd=where, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def lint() -> list[str]:
    """cfn-lint, warnings too."""
    status, said = ask("cfn-lint", "template.yaml")
    return [said] if status else []


def sam() -> list[str]:
    """SAM's transform and its own rules; then what `sam deploy` would upload."""
    status, said = ask("sam", "validate", "--lint", "--template", "template.yaml")
    if status:
        return [said]
    built = ROOT / "build" / "aws"
    if not (built / "template.yaml").exists():
        return ["build/aws is not there: make package"]
    status, said = ask("sam", "build", "--template", str(built / "template.yaml"), "--build-dir", str(ROOT / "build" / "cloud" / "sam"))
    return [said] if status else []


def suppressions() -> list[tuple[list[str], str, str]]:
    found = []
    for number, line in enumerate((HERE / "suppressions.txt").read_text().splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        parts = line.split(" ", 3)
        if len(parts) < 4 or len(parts[3]) < 10:
            sys.exit(f"suppressions.txt:{number}: want deployments, check, resources and a reason")
        found.append((parts[0].split(","), parts[1], parts[2]))
    return found


def checkov() -> list[str]:
    """checkov over every deployment, but for what suppressions.txt gives a reason for."""
    known, used, problems = suppressions(), set(), []
    files = sorted((ROOT / "build" / "cloud").glob("*.json"))
    for file in files:
        _, said = ask("checkov", "--file", str(file), "--framework", "cloudformation", "--output", "json", "--quiet", "--skip-download")
        report = json.loads(said[said.index("{") :])
        if report["summary"]["passed"] < 30:
            problems.append(f"{file.stem}: only {report['summary']['passed']} checks were made")
        for finding in report["results"]["failed_checks"]:
            resource = finding["resource"].rpartition(".")[2]
            for n, (deployments, check, pattern) in enumerate(known):
                if check == finding["check_id"] and fnmatch.fnmatch(resource, pattern) and any(fnmatch.fnmatch(file.stem, d) for d in deployments):
                    used.add(n)
                    break
            else:
                problems.append(f"{file.stem}: {finding['check_id']} {resource}: {finding['check_name']}")
    problems += [f"suppressions.txt: nothing is found of {known[n][1]} for {','.join(known[n][0])}: take it out" for n in set(range(len(known))) - used]
    return problems or ([] if files else ["build/cloud holds no deployment"])


def guard() -> list[str]:
    """Our own rules, in cfn-guard's language, over every deployment."""
    import cfn_guard_rs

    rules, problems = (HERE / "rules.guard").read_text(), []
    for file in sorted((ROOT / "build" / "cloud").glob("*.json")):
        report = cfn_guard_rs.run_checks(json.loads(file.read_text()), rules)
        if str(report.status) != "PASS" and "PASS" not in str(report.status):
            problems.append(f"{file.stem}: {re.findall(r'messages=([^,]*),', str(report.not_compliant))} {str(report.not_compliant)[:1500]}")
        if len(report.compliant) < 8:
            problems.append(f"{file.stem}: only {len(report.compliant)} rules apply")
    return problems


def asl() -> list[str]:
    """asl-validator over the workflow as the template completes it."""
    machine = (ROOT / "statemachine" / "scan.asl.json").read_text()
    text = re.sub(r"\$\{(\w+)FunctionArn\}", r"arn:aws:lambda:us-east-1:123456789012:function:iris-\1", machine)
    into = ROOT / "build" / "cloud" / "scan.asl"
    into.write_text(text)
    status, said = ask("node", "build/cloud/node/node_modules/.bin/asl-validator", "--json-path", str(into))
    return [said] if status else []


def actions() -> list[str]:
    """actionlint over the workflows of GitHub, if there are any."""
    files = sorted(str(f) for f in (ROOT / ".github" / "workflows").glob("*.y*ml"))
    if not files:
        return []
    status, said = ask(os.environ["ACTIONLINT"], "-shellcheck=", "-pyflakes=", *files)
    return [said] if status else []


def schemas() -> list[str]:
    """CloudFormation's own schemas: testdata/fixed.json has every property whose change
    replaces a resource that holds scans."""
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

    problems = []
    for kind, names in json.loads((HERE / "testdata" / "fixed.json").read_text()).items():
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
        replacing = [*schema.get("createOnlyProperties", []), *schema.get("conditionalCreateOnlyProperties", [])]
        replacing = {p.removeprefix("/properties/").split("/")[0] for p in replacing}
        problems += [f"{kind}: a change of {name} replaces it, and the list lacks it" for name in sorted(replacing - set(names))]
        problems += [f"{kind}: there is no property {name}" for name in names if name not in schema["properties"]]
    return problems


JUDGES = {"cfn-lint": lint, "schemas": schemas, "sam": sam, "checkov": checkov, "cfn-guard": guard, "asl-validator": asl, "actionlint": actions}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("judges", nargs="*", choices=[[], *JUDGES], help="all, if none is named")
    failed = False
    for name in parser.parse_args().judges or JUDGES:
        problems = JUDGES[name]()
        print(f"{name}: {'ok' if not problems else f'{len(problems)} problems'}", flush=True)
        for problem in problems:
            print(f"  {problem}")
        failed |= bool(problems)
    sys.exit(failed)


if __name__ == "__main__":
    main()
