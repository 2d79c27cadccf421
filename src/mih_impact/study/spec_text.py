"""A specification as text: what `StudySpec.from_text` reads back as the same specification."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from mih_impact.controls.covariates import Lag
from mih_impact.controls.subgroups.bands import Bands
from mih_impact.controls.subgroups.completers import Completers
from mih_impact.controls.weighting import weight
from mih_impact.errors import AssumptionError

if TYPE_CHECKING:
    from mih_impact.study.spec import Step, StudySpec

__all__ = ["spec_text"]


def spec_text(spec: StudySpec) -> str:
    """Return the text of a specification; what has its default is left out.

    Raises
    ------
    AssumptionError
        An option is an object that no text can stand for, such as an expression.
    """
    import tomli_w

    content: dict[str, Any] = {
        "name": spec.name,
        "label": {"nb": spec.label.nb, "en": spec.label.en},
        "data": _given(spec.data, "data"),
        "controls": _step(spec.controls, "controls"),
        "effects": _step(spec.effects, "effects"),
        "account": _given(spec.account, "account"),
    }
    if spec.outputs is not None:
        content["outputs"] = _given(spec.outputs, "outputs")
    return tomli_w.dumps(content)


def _given(section: Any, where: str) -> dict[str, Any]:
    """Return the fields of a section that do not have their default."""
    default = type(section)()
    return {
        field.name: _plain(value, f"[{where}] {field.name}")
        for field in fields(section)
        if (value := getattr(section, field.name)) != getattr(default, field.name)
    }


def _step(step: Step, where: str) -> dict[str, Any]:
    """Return the options of a verb; the method names the verb."""
    named = {"method": "entropy"} if step.verb is weight else {}
    options = {**named, **step.options}
    return {
        key: _plain(value, f"[{where}] {key}")
        for key, value in options.items()
        if value is not None
    }


def _plain(value: Any, where: str) -> Any:
    """Return a value as TOML has it."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Lag):
        return str(value)
    if isinstance(value, Bands):
        return {"bands": [str(value.column), *value.cuts]}
    if isinstance(value, Completers):
        return {"completers": value.column}
    if isinstance(value, (list, tuple)):
        return [_plain(part, where) for part in value]
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: _plain(part, where) for key, part in value.items()}
    raise AssumptionError(
        f"{where} cannot be written as text",
        found=f"a {type(value).__name__}",
        do="make a column of it in the panel, and give its name",
    )
