"""Plain data (TOML, JSON) into the frozen dataclasses of a method's inputs, with every fault named.

A period is written as its first and last day, as documents print it: ``[2021-01-01, 2025-12-31]``.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from datetime import date
from difflib import get_close_matches
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from tanhui.kernel.errors import Fault, RefusedInput, TanhuiError
from tanhui.kernel.time import Period

__all__ = ["build"]

T = TypeVar("T")


def build(cls: type[T], data: Mapping[str, Any], *, file: str = "") -> T:
    """An instance of a dataclass from plain data.

    Raises
    ------
    RefusedInput
        With every fault: an unknown key (and what may be meant), a missing one, a value of another kind.
    """
    faults: list[Fault] = []
    made = _dataclass(cls, data, "", file, faults)
    if faults:
        raise RefusedInput(faults)
    return made  # type: ignore[no-any-return]


def _dataclass(cls: Any, data: Any, path: str, file: str, faults: list[Fault]) -> Any:
    if not isinstance(data, Mapping):
        return _wrong(data, path, "table", file, faults)
    hints = get_type_hints(cls)
    fields = {f.name: f for f in dataclasses.fields(cls)}
    before = len(faults)
    for key in data.keys() - fields.keys():
        near = ", ".join(get_close_matches(key, fields, n=3)) or ", ".join(fields)
        faults.append(Fault("methods.unknown_key", file, column=f"{path}{key}", facts={"near": near}))
    for name, field in fields.items():
        optional = field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
        if name not in data and not optional:
            faults.append(Fault("methods.missing_key", file, column=f"{path}{name}"))
    values = {
        name: _value(hints[name], data[name], f"{path}{name}", file, faults) for name in fields.keys() & data.keys()
    }
    return cls(**values) if len(faults) == before else None


def _value(kind: Any, value: Any, path: str, file: str, faults: list[Fault]) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        wanted = [k for k in arguments if k is not type(None)]
        return None if value is None else _value(wanted[0], value, path, file, faults)
    if origin is Literal:
        return value if value in arguments else _wrong(value, path, ", ".join(map(str, arguments)), file, faults)
    if origin is tuple:
        if not isinstance(value, (list, tuple)):
            return _wrong(value, path, "list", file, faults)
        return tuple(_value(arguments[0], v, f"{path}[{i}].", file, faults) for i, v in enumerate(value))
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            return _wrong(value, path, "table", file, faults)
        return {str(k): _value(arguments[1], v, f"{path}.{k}", file, faults) for k, v in value.items()}
    if kind is Period:
        return _period(value, path, file, faults)
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind, value, path if path.endswith(".") else f"{path}.", file, faults)
    return _scalar(kind, value, path, file, faults)


def _scalar(kind: Any, value: Any, path: str, file: str, faults: list[Fault]) -> Any:
    if kind is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if kind is date and isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return _wrong(value, path, "2026-05-31", file, faults)
    if type(value) is kind:
        return value
    return _wrong(value, path, kind.__name__, file, faults)


def _period(value: Any, path: str, file: str, faults: list[Fault]) -> Any:
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        return _wrong(value, path, "[2021-01-01, 2025-12-31]", file, faults)
    first, last = (_scalar(date, day, path, file, faults) for day in value)
    if first is None or last is None:
        return None
    try:
        return Period.inclusive(first, last)
    except TanhuiError:
        return _wrong(value, path, "[2021-01-01, 2025-12-31]", file, faults)


def _wrong(value: Any, path: str, wanted: str, file: str, faults: list[Fault]) -> None:
    faults.append(
        Fault("methods.wrong_kind", file, column=path.rstrip("."), value=str(value)[:80], facts={"wanted": wanted})
    )
