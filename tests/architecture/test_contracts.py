"""What crosses a Temporal boundary only grows, and every activity has its time limits."""

import ast
import inspect
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter

from domain import duty_facts, facts, guard_messages, messages
from workflows import options

HERE = Path(__file__).parent
SCHEMA = HERE / "wire_schema.json"
IDENTITY = {
    "last_name",
    "first_name",
    "birth_year",
    "sex",
    "weight_kg",
    "callback_phone",
    "address",
    "access",
    "patient",
}


def models(module: ModuleType) -> list[type[BaseModel]]:
    """The module's own models, and those that it names in ``__all__``."""
    named = getattr(module, "__all__", [])
    found = inspect.getmembers(module, inspect.isclass)
    own = [value for name, value in found if value.__module__ == module.__name__ or name in named]
    return [each for each in own if issubclass(each, BaseModel)]


def wire_schema() -> dict[str, Any]:
    """Every wire model with its fields, whether each is required, and the shape of each."""
    told: dict[str, Any] = {}
    for model in [*models(messages), *models(guard_messages), *models(facts), *models(duty_facts)]:
        schema = TypeAdapter(model).json_schema(mode="validation")
        told[model.__name__] = {
            name: {"required": name in schema.get("required", []), "shape": _shape(field)}
            for name, field in sorted(schema.get("properties", {}).items())
        }
    return told


def _shape(field: dict[str, Any]) -> Any:
    kept = {
        k: v
        for k, v in field.items()
        if k not in {"title", "default", "description", "discriminator", "oneOf"}
    }
    return json.loads(json.dumps(kept, sort_keys=True))


def test_wire_models_are_append_only() -> None:
    """A field is never renamed, removed or reshaped, and a new one has a default (temporal paper, versioning 4).

    When a model grows, write the new schema: ``python -m tests.architecture.test_contracts``.
    """
    committed, now = json.loads(SCHEMA.read_text(encoding="utf-8")), wire_schema()
    for model, fields in committed.items():
        assert model in now, f"{model} is gone: histories that hold it would no longer be read"
        for name, field in fields.items():
            assert now[model].get(name) == field, f"{model}.{name} changed"
        added = set(now[model]) - set(fields)
        assert not [n for n in added if now[model][n]["required"]], f"{model}: a new field needs a default"
    assert now == committed, "the committed schema is behind: write it again"


WIRE = [*models(messages), *models(guard_messages), *models(facts), *models(duty_facts)]


@pytest.mark.parametrize("model", WIRE, ids=lambda m: m.__name__)
def test_no_wire_model_has_a_field_for_identity(model: type[BaseModel]) -> None:
    assert not IDENTITY & set(model.model_fields)
    assert model.model_config.get("frozen"), "wire models are frozen"


def test_every_activity_is_called_with_options() -> None:
    known = {name for name in vars(options) if name.isupper() and not name.startswith("_")}
    calls = []
    for file in sorted((HERE.parents[1] / "workflows").glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "").startswith("execute_activity"):
                spread = [
                    k.value.id for k in node.keywords if k.arg is None and isinstance(k.value, ast.Name)
                ]
                assert set(spread) & known, f"{file.name}:{node.lineno} calls an activity without options"
                calls.append(node)
    assert len(calls) >= 4


def test_every_option_has_a_time_limit_and_a_stated_retry_policy() -> None:
    for name in ("SURVEY", "ENGAGE", "RECORD", "WATCH"):
        stated = getattr(options, name)
        assert 0 < stated["start_to_close_timeout"].total_seconds() <= 10
        assert stated["retry_policy"].maximum_interval.total_seconds() <= 10


if __name__ == "__main__":
    SCHEMA.write_text(json.dumps(wire_schema(), indent=1, sort_keys=True) + "\n", encoding="utf-8")
