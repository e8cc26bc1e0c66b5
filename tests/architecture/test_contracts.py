"""What crosses a Temporal boundary only grows, and every activity has its time limits."""

import ast
import inspect
import json
from collections.abc import Iterator
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


WIRE = [*models(messages), *models(guard_messages), *models(facts), *models(duty_facts)]
NOT_SHAPE = {"title", "default", "description", "discriminator", "oneOf"}


def wire_schema() -> dict[str, Any]:
    """Every wire model and whatever it is made of: its fields, whether each is required, its shape, what it is when a
    writer did not know it; the values of every enumeration; the kinds of every union.
    """
    told: dict[str, Any] = {"models": {}, "values": {}}
    for model in WIRE:
        schema = TypeAdapter(model).json_schema(mode="validation")
        for name, each in {model.__name__: schema, **schema.get("$defs", {})}.items():
            if "enum" in each or "const" in each:
                told["values"][name] = sorted(each.get("enum", [each.get("const")]))
            else:
                told["models"][name] = _fields(each)
    return json.loads(json.dumps(told, sort_keys=True))  # type: ignore[no-any-return]  # as it is committed


def _fields(schema: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {
            "required": name in schema.get("required", []),
            "shape": {key: value for key, value in field.items() if key not in NOT_SHAPE},
            **({"default": field["default"]} if "default" in field else {}),
            **({"kinds": sorted(field["discriminator"]["mapping"])} if "discriminator" in field else {}),
        }
        for name, field in schema.get("properties", {}).items()
    }


def breaches(committed: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What an old history, or an older worker, would stumble over."""
    found = [
        f"{name} has no {value!r} any more"
        for name, values in committed["values"].items()
        for value in values
        if value not in now["values"].get(name, [])
    ]
    for model, fields in committed["models"].items():
        if model in now["models"]:
            found += _breaches_of(model, fields, now["models"][model])
        else:
            found.append(f"{model} is gone: histories that hold it would no longer be read")
    return found


def _breaches_of(model: str, before: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    for name, field in before.items():
        after = now.get(name, {})
        for what in ("required", "shape", "default"):
            if after.get(what) != field.get(what):
                yield f"{model}.{name}: another {what}, {field.get(what)} before, {after.get(what)} now"
        gone = set(field.get("kinds", [])) - set(after.get("kinds", []))
        if gone:
            yield f"{model}.{name} is never {', '.join(sorted(gone))} any more"
    for name in set(now) - set(before):
        if now[name]["required"]:
            yield f"{model}.{name}: a new field needs a default"


def test_wire_models_are_append_only() -> None:
    """A field is never renamed, removed or reshaped, and a new one has a default (temporal paper, versioning 4). What a
    field is when nobody wrote it stays what it was; a value of an enumeration, a kind of fact, is never taken away.

    When a model grows, write the new schema: ``python -m tests.architecture.test_contracts``.
    """
    committed, now = json.loads(SCHEMA.read_text(encoding="utf-8")), wire_schema()
    assert breaches(committed, now) == []
    assert now == committed, "the committed schema is behind: write it again"


@pytest.mark.parametrize(
    ("where", "doctored", "said"),
    [
        (("values", "MissionEndReason"), ["COMPLETED"], "MissionEndReason has no 'BREAKDOWN' any more"),
        (
            ("models", "MissionEnded", "kind", "shape"),
            {"const": "mission_over"},
            "MissionEnded.kind: another shape",
        ),
        (
            ("models", "Policy", "undo_step_s", "default"),
            600,
            "Policy.undo_step_s: another default, 60 before",
        ),
        (
            ("models", "EngageRequest", "on_guard", "required"),
            True,
            "EngageRequest.on_guard: another required",
        ),
        (("models", "Fact", "body", "kinds"), ["demand_received"], "Fact.body is never alarm_closed"),
        (("models", "VehicleCard", "volume"), {}, "VehicleCard.volume: another required"),
        (
            ("models", "Refusal", "site_id"),
            {"required": True},
            "Refusal.site_id: a new field needs a default",
        ),
        (("models",), {}, "Acceptance is gone"),
    ],
)
def test_what_is_not_append_only_is_noticed(where: tuple[str, ...], doctored: object, said: str) -> None:
    committed, now = wire_schema(), wire_schema()
    *inside, last = where
    place = now
    for name in inside:
        place = place[name]
    place[last] = doctored
    assert said in "; ".join(breaches(committed, now))


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
