"""Compose files as Compose reads them: interpolated, `!reset` done, an override merged into its base."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
BASE = ROOT / "docker-compose.yml"
OVERRIDES = sorted((ROOT / "deploy").glob("compose.*.yml"))
OURS = "rescousse:"
"""How the name of our image begins."""

VARIABLE = re.compile(r"\$\{(?P<name>[A-Z_]+)(?::(?P<kind>[-?])(?P<text>[^}]*))?\}")
"""`${NAME}`, `${NAME:-default}` and `${NAME:?why it is needed}`: the forms that these files use."""

CADDYFILE = ROOT / "deploy" / "proxy" / "Caddyfile"
[ASKED_BY_THE_PROXY] = re.findall(r"^\s*health_uri (\S+)$", CADDYFILE.read_text(), re.MULTILINE)
"""What the proxy asks an API again and again, to know whether it sends to it."""

LISTS_REPLACED = {"command", "entrypoint", "test"}
"""Lists that an override replaces; all others it adds to (compose specification, chapter 13)."""


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # published without types
    """YAML with Compose's own tags."""


class _Reset:
    """What `!reset` stands for: the base's value is taken away."""


def _reset(loader: _Loader, node: yaml.Node) -> _Reset:
    return _Reset()


_Loader.add_constructor("!reset", _reset)


def load(file: Path) -> dict[str, Any]:
    """One file, as it is written but for its anchors."""
    loaded: dict[str, Any] = yaml.load(file.read_text(), _Loader)  # noqa: S506 - a safe loader with two more tags
    return loaded


def without_resets(given: Any) -> Any:
    """A file with what it takes away left out, as the schema sees it."""
    if isinstance(given, dict):
        return {key: without_resets(value) for key, value in given.items() if not isinstance(value, _Reset)}
    return [without_resets(value) for value in given] if isinstance(given, list) else given


def merged(base: Any, over: Any, key: str = "") -> Any:
    """An override merged into its base."""
    if isinstance(base, dict) and isinstance(over, dict):
        both = {
            name: merged(base[name], value, name) if name in base else value for name, value in over.items()
        }
        return without_resets(base | both)
    if isinstance(base, list) and isinstance(over, list) and key not in LISTS_REPLACED:
        return [*base, *over]
    return over


def combined(override: Path) -> dict[str, Any]:
    """The base with one override, with what it extends."""
    base, over = load(BASE), load(override)
    for name, service in over["services"].items():
        extended = service.pop("extends", None)
        if extended is not None:
            over["services"][name] = merged(base["services"][extended["service"]], service)
    whole: dict[str, Any] = merged(base, over)
    return whole


def interpolated(text: str, given: Mapping[str, str] | None = None) -> str:
    """The text with its variables filled: with what is given, else with their defaults."""

    def fill(found: re.Match[str]) -> str:
        return (given or {}).get(found["name"], found["text"] if found["kind"] == "-" else "")

    return VARIABLE.sub(fill, text)


def variables(file: Path) -> set[str]:
    """The variables that a file asks for."""
    return {found["name"] for found in VARIABLE.finditer(file.read_text())}


def ours(whole: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The services that run our image."""
    return {name: one for name, one in whole["services"].items() if one.get("image", "").startswith(OURS)}
