"""What a request asks for: `task=total;fast=false;structures=liver,spleen`.

It comes in SageMaker's custom attributes. Names of other models' options are
passed over; values are judged here, tasks and structures by the segmenter.
"""

from dataclasses import dataclass

from .errors import RequestError

HEADER = "x-amzn-sagemaker-custom-attributes"
MAX_ATTRIBUTES = 1024  # SageMaker's own bound


@dataclass(frozen=True)
class Options:
    task: str = "auto"
    fast: bool = False
    structures: tuple[str, ...] = ()  # empty: all


def parse(header: str) -> Options:
    if len(header) > MAX_ATTRIBUTES:
        raise RequestError("bad_option", f"the options have {len(header)} characters: want at most {MAX_ATTRIBUTES}")
    values: dict[str, str] = {}
    for pair in header.split(";"):
        name, _, value = pair.strip().partition("=")
        values[name.strip()] = value.strip()
    fast = values.get("fast", "false")
    if fast not in ("true", "false"):
        raise RequestError("bad_option", "option fast: want true or false")
    names = (name.strip() for name in values.get("structures", "").split(","))
    return Options(
        task=values.get("task", "") or "auto",
        fast=fast == "true",
        structures=tuple(dict.fromkeys(name for name in names if name)),
    )
