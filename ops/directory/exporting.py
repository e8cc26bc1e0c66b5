"""Writes what the database has as a directory file: the same format, and nothing that is secret."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from geo.cells import name_of
from ops.directory.known import Kind, Known, Row
from ops.directory.policy import NOTHING

HEAD = """\
# Who is who, as `rescousse directory export` wrote it: no password and no key is in it.
# `rescousse directory template` explains every line.
"""
CELLS_IN_A_LINE = 6


def written(known: Known) -> str:
    """The whole directory as TOML. A disabled account is a comment: loaded elsewhere, it would be open."""
    names = {row["id"]: row["name"] for kind in (Kind.SAMU, Kind.COMPANY, Kind.SITE) for row in known[kind]}
    own = _by_company(known)
    blocks = [
        HEAD,
        *(_block("samus", _samu(row)) for row in known[Kind.SAMU]),
        *(block for row in known[Kind.COMPANY] for block in _company(row, own[row["id"]], names)),
        *(_person(row, names) for row in known[Kind.PERSON]),
    ]
    return "\n".join(blocks)


def _samu(row: Row) -> Iterator[str]:
    yield f"name = {_text(row['name'])}"
    yield from _optional("phone", row["phone"])
    yield f"timezone = {_text(row['timezone'])}"
    if row["area_cells"]:
        yield "cells = ["
        names = [_text(name_of(cell)) for cell in row["area_cells"]]
        for start in range(0, len(names), CELLS_IN_A_LINE):
            yield f"    {', '.join(names[start : start + CELLS_IN_A_LINE])},"
        yield "]"
    if row["policy"]:
        yield "[samus.policy]"
        yield from (f"{name} = {_value(value)}" for name, value in row["policy"].items())


def _company(row: Row, own: Mapping[Kind, Sequence[Row]], names: Mapping[UUID, str]) -> Iterator[str]:
    agreed = sorted(names[one["samu_id"]] for one in own[Kind.CONVENTION])
    lines = [f"name = {_text(row['name'])}", *_optional("phone", row["phone"])]
    yield _block("companies", [*lines, f"conventions = {_value(agreed)}"])
    yield from (_block("companies.sites", _site(site)) for site in own[Kind.SITE])
    yield from (_block("companies.vehicles", _vehicle(one, names)) for one in own[Kind.VEHICLE])


def _by_company(known: Known) -> Mapping[UUID, Mapping[Kind, Sequence[Row]]]:
    found: dict[UUID, dict[Kind, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for kind in (Kind.SITE, Kind.VEHICLE, Kind.CONVENTION):
        for row in known[kind]:
            found[row["company_id"]][kind].append(row)
    return found


def _site(row: Row) -> Iterator[str]:
    yield f"name = {_text(row['name'])}"
    yield f"lat = {row['lat']!r}"
    yield f"lon = {row['lon']!r}"
    yield f"mobilisation_s = {row['mobilisation_s']}"
    if row["mobilisation_by_hour_s"]:
        yield f"mobilisation_by_hour_s = {_value(row['mobilisation_by_hour_s'])}"


def _vehicle(row: Row, names: Mapping[UUID, str]) -> Iterator[str]:
    yield f"name = {_text(row['name'])}"
    yield f"category = {_text(row['category'])}"
    yield from _optional("registration", row["registration"])
    yield from _optional("site", names.get(row["site_id"]))


def _person(row: Row, names: Mapping[UUID, str]) -> str:
    if row["disabled"]:
        return f"# The account {_text(row['username'])} is disabled, and left out.\n"
    return _block(
        "persons",
        [
            f"username = {_text(row['username'])}",
            f"role = {_text(row['role'])}",
            *_optional("samu", names.get(row["samu_id"])),
            *_optional("company", names.get(row["company_id"])),
        ],
    )


def _block(header: str, lines: Iterator[str] | list[str]) -> str:
    return "\n".join([f"[[{header}]]", *lines]) + "\n"


def _optional(key: str, value: str | None) -> list[str]:
    return [] if value is None else [f"{key} = {_text(value)}"]


def _value(value: object) -> str:
    """A value of JSON in TOML's words."""
    if value is None:
        return _text(NOTHING)
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {_value(one)}' for key, one in value.items())} }}"
    if isinstance(value, list):
        return f"[{', '.join(_value(one) for one in value)}]"
    return json.dumps(value, ensure_ascii=False)


def _text(text: str) -> str:
    """A TOML string: JSON writes the same, but for one sign."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
