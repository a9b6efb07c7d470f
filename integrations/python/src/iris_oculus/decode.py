"""Bodies of the API, checked. In: what json.loads gives and a type of models.py. Out: the
same value as that type. Error: ValueError, which names the place and never the value.
Fields that the type does not have are kept: a newer service may say more.
"""

import re
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, NotRequired, TypeVar, Union, cast, get_args, get_origin, get_type_hints, is_typeddict

T = TypeVar("T")

# What the document calls a date-time (RFC 3339), which a type of Python does not say.
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")

# Deeper nesting than any body has.
DEEPEST = 32


def decode(kind: type[T], value: object) -> T:
    """A value as a type of models.py."""
    _check(kind, value, "the body", 0)
    return cast(T, value)


@cache
def _fields(kind: Any) -> dict[str, tuple[Any, bool]]:
    """The fields of a record, with their types and whether they have to be there.
    __required_keys__ is wrong where annotations are texts (PEP 563), as the generator's are.
    """
    hints = get_type_hints(kind, include_extras=True)
    optional = {name for name, of in hints.items() if get_origin(of) is NotRequired}
    return {name: (get_args(of)[0] if name in optional else of, name not in optional) for name, of in hints.items()}


def _check(kind: Any, value: object, place: str, depth: int) -> None:
    if depth > DEEPEST:
        raise ValueError(f"{place} is nested too deeply")
    origin = get_origin(kind)
    if is_typeddict(kind):
        _record(kind, value, place, depth)
    elif origin in (Union, UnionType):
        for one in get_args(kind):
            try:
                return _check(one, value, place, depth + 1)
            except ValueError as error:
                last = error
        # Of "a record or null" the record's own error says more.
        raise last if value is None or len(get_args(kind)) > 2 else _first(kind, value, place, depth)
    elif origin is Literal:
        if not any(value == one and type(value) is type(one) for one in get_args(kind)):
            raise ValueError(f"{place} is none of the known words")
    elif origin is list:
        if not isinstance(value, list):
            raise ValueError(f"{place} is no list")
        for n, item in enumerate(value):
            _check(get_args(kind)[0], item, f"{place}[{n}]", depth + 1)
    elif origin is dict:
        if not isinstance(value, dict):
            raise ValueError(f"{place} is no object")
        for item in value.values():
            _check(get_args(kind)[1], item, f"an entry of {place}", depth + 1)
    elif kind is Any:
        pass
    elif kind is None or kind is NoneType:
        if value is not None:
            raise ValueError(f"{place} is not null")
    elif kind is float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{place} is no number")
    elif kind is int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError(f"{place} is no whole number")
    elif not isinstance(value, kind):
        raise ValueError(f"{place} is not of the type {kind.__name__}")


def _first(kind: Any, value: object, place: str, depth: int) -> ValueError:
    try:
        _check(get_args(kind)[0], value, place, depth + 1)
    except ValueError as error:
        return error
    raise AssertionError("it was checked before")


def _record(kind: Any, value: object, place: str, depth: int) -> None:
    if not isinstance(value, dict):
        raise ValueError(f"{place} is no object")
    for name, (of, needed) in _fields(kind).items():
        if name in value:
            _check(of, value[name], f"{name} of {place}", depth + 1)
            if name.endswith("_at") and isinstance(value[name], str) and not TIME.fullmatch(value[name]):
                raise ValueError(f"{name} of {place} is no time")
        elif needed:
            raise ValueError(f"{place} has no {name}")
