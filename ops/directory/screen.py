"""Shows an operator what a loading did, or would do."""

import json
from collections.abc import Iterator, Mapping
from uuid import UUID

from rich.console import Console
from rich.table import Table

from ops.directory.deeds import Deed, Plan, What, plain
from ops.directory.known import PLURALS, Kind

NAMED = 10
"""So many of those that the file does not name are named, the others counted."""
LONGEST_VALUE = 60


def show_plan(console: Console, plan: Plan, *, dry_run: bool) -> None:
    """Print the counts, each new and each changed entry, what was left as it is, and what may have been forgotten."""
    console.print(_counts(plan))
    written = [deed for deed in plan.deeds if deed.what is not What.UNCHANGED]
    if written:
        console.print()
        console.print(_entries(written, plan.names))
    console.print()
    for line in (*_left(plan), *plan.notes, _verdict(plan, dry_run=dry_run)):
        console.print(line)


def _counts(plan: Plan) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for head in (*What, "not in the file"):
        table.add_column(str(head), justify="right")
    for kind in Kind:
        counted = [len(plan.those(what, kind)) for what in What]
        table.add_row(PLURALS[kind], *(str(count) for count in (*counted, len(plan.left[kind]))))
    return table


def _entries(deeds: list[Deed], names: Mapping[UUID, str]) -> Table:
    table = Table(box=None, pad_edge=False)
    for head in ("", "", "what", "was → is"):
        table.add_column(head, overflow="fold")
    for deed in deeds:
        told = ", ".join(_changes(deed, names)) if deed.what is What.CHANGED else ""
        table.add_row(str(deed.kind), deed.name, str(deed.what), told)
    return table


def _changes(deed: Deed, names: Mapping[UUID, str]) -> Iterator[str]:
    for column, (before, after) in deed.changes.items():
        what = column.removesuffix("_id").removesuffix("_cells")
        if isinstance(before, dict) and isinstance(after, dict):
            yield from _within(what, before, after)
        else:
            yield f"{what} {_shown(column, before, names)} → {_shown(column, after, names)}"


def _within(what: str, before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[str]:
    """Of a policy only what differs; what is not chosen is by default."""
    for key in dict.fromkeys([*before, *after]):
        was, now = (_shown(key, side[key], {}) if key in side else "default" for side in (before, after))
        if was != now:
            yield f"{what} {key} {was} → {now}"


def _shown(column: str, value: object, names: Mapping[UUID, str]) -> str:
    if isinstance(value, UUID):
        return names.get(value, str(value))
    told = plain(column, value)
    text = told if isinstance(told, str) else json.dumps(told, ensure_ascii=False)
    text = "none" if told is None else text
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def _left(plan: Plan) -> Iterator[str]:
    """What the file does not name: nothing is ever deleted."""
    left = {kind: names for kind, names in plan.left.items() if names}
    if left:
        yield "Not in the file, left alone:"
    for kind, names in left.items():
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        what = kind if len(names) == 1 else PLURALS[kind]
        yield f"  {len(names)} {what}: {'; '.join(names[:NAMED])}{more}"


def _verdict(plan: Plan, *, dry_run: bool) -> str:
    if plan.is_idle:
        return "Nothing has changed: the database says what the file says."
    new, changed = len(plan.those(What.NEW)), len(plan.those(What.CHANGED))
    if dry_run:
        return f"Nothing was written (--dry-run): {new} would be new, {changed} changed."
    return f"Written: {new} new, {changed} changed."
