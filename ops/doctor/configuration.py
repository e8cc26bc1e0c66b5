"""The settings: default secrets, files that cannot be read, certificates that end, keys that do not open what is stored."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa
from cryptography import x509
from sqlalchemy.ext.asyncio import AsyncEngine

from geo.engines import EngineChoice
from ops.doctor.findings import Finding, note, soon, span, wrong
from ops.doctor.looking import Opened
from settings import Settings
from settings_secrets import DEFAULTS
from storage.keyring import Keyring, UnreadableError, key_id_of
from storage.tables import patients

PART = "settings"
CERTIFICATE_SOON = timedelta(days=21)
SAMPLE = 300
"""Identities looked at from each end: the oldest are those that a forgotten key still encrypts."""
LEAST_TELLING = ("weight_kg", "sex", "birth_year", "callback_phone", "first_name", "last_name")
"""To try a key one field is opened, the least telling there is, and thrown away."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate in a file of the settings."""

    setting: str
    file: Path
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Sealed:
    """Identities that one key encrypts, of those that were looked at, and whether the ring opens them."""

    key_id: str
    count: int
    opens: bool


async def look(opened: Opened) -> Sequence[Finding]:
    """Secrets, files, certificates."""
    settings = opened.place.settings
    found = await asyncio.to_thread(lambda: list(judge_files(files_of(settings))))
    certificates = await asyncio.to_thread(lambda: list(_certificates(settings)))
    return [
        *judge_secrets(settings, embedded=opened.place.data is not None),
        *found,
        *judge_certificates(certificates, opened.at),
    ]


async def look_at_roads(opened: Opened) -> Sequence[Finding]:
    """Whether the files that travel times are made of can be used."""
    return await asyncio.to_thread(judge_roads, opened.place.settings.travel_choice)


def judge_roads(choice: EngineChoice) -> list[Finding]:
    """Read the files as a worker does at its start; the searching itself is not prepared, which takes seconds."""
    if choice.roads_file is None or choice.speeds_file is None:
        return [note("roads", f"Travel times are estimated at {choice.speed_kmh:g} km/h: no roads are used.")]
    from geo.roads.graph import RoadGraph  # noqa: PLC0415 - NumPy is large
    from geo.roads.speeds import Speeds  # noqa: PLC0415

    try:
        graph = RoadGraph.load(choice.roads_file)
        Speeds.load(choice.speeds_file)
    except (ValueError, OSError) as error:
        return [
            wrong(
                "roads",
                f"Travel times cannot be computed, so no worker can start: {error}.",
                "rescousse roads build   (or RESCOUSSE_TRAVEL_ENGINE=straight until the file is there)",
            )
        ]
    invented = ", which are invented" if graph.about.invented else ""
    return [note("roads", f"Travel times by the roads {graph.about.name!r}{invented}.")]


async def look_at_keys(opened: Opened) -> Sequence[Finding]:
    """Whether the keys open what is stored."""
    assert opened.database is not None  # noqa: S101 - this look needs it
    ring = Keyring(opened.place.settings.identity_key_ring)
    return list(judge_keys(await _sealed(opened.database, ring)))


def judge_secrets(settings: Settings, *, embedded: bool) -> Iterator[Finding]:
    """Secrets that everybody knows who has read the source."""
    known = [name for name, default in DEFAULTS.items() if getattr(settings, name) == default]
    if known:
        names = ", ".join(f"RESCOUSSE_{name.upper()}" for name in known)
        yield soon(
            PART,
            f"Secrets are those of the source code, which anyone can read: {names}.",
            "Never for real patients: set them, and RESCOUSSE_ENVIRONMENT=production, which refuses such secrets.",
        )
    elif settings.environment != "production" and not embedded:
        yield note(
            PART,
            "The environment is development.",
            "RESCOUSSE_ENVIRONMENT=production refuses default secrets.",
        )


def files_of(settings: Settings) -> dict[str, Path]:
    """The files that the settings name."""
    return {
        name: value
        for name in type(settings).model_fields
        if isinstance(value := getattr(settings, name), Path)
    }


def judge_files(files: Mapping[str, Path]) -> Iterator[Finding]:
    """Those that cannot be read."""
    for name, file in files.items():
        try:
            with file.open("rb"):
                continue
        except OSError as error:
            yield wrong(
                PART,
                f"RESCOUSSE_{name.upper()} names {file}, which cannot be read: {error.strerror}.",
                "Put the file there, readable by the user of the processes, or change the setting.",
            )


def judge_certificates(certificates: Sequence[Certificate], at: datetime) -> Iterator[Finding]:
    """Those that have ended, or will soon."""
    for one in certificates:
        left = one.ends_at - at
        named = f"The certificate {one.file} (RESCOUSSE_{one.setting.upper()})"
        if left < timedelta():
            yield wrong(PART, f"{named} ended {span(-left)} ago.", "Renew it, then restart the processes.")
        elif left < CERTIFICATE_SOON:
            yield soon(PART, f"{named} ends in {span(left)}.", "Renew it, then restart the processes.")


def judge_keys(sealed: Sequence[Sealed]) -> Iterator[Finding]:
    """Identities that nobody can read any more."""
    for one in sealed:
        if not one.opens:
            yield wrong(
                "keys",
                f"The identities of patients encrypted with the key {one.key_id!r} cannot be read ({one.count} of those "
                "looked at): the ring has no such key, or another one under its name.",
                "Put the key back into RESCOUSSE_IDENTITY_KEYS; rescousse keys show tells which key encrypts what.",
            )


def _certificates(settings: Settings) -> Iterator[Certificate]:
    for name, file in files_of(settings).items():
        if file.suffix not in {".pem", ".crt", ".cer"} or "key" in name:
            continue
        try:
            found = x509.load_pem_x509_certificates(file.read_bytes())
        except (OSError, ValueError):
            continue  # said elsewhere, or not a certificate
        yield Certificate(name, file, min(one.not_valid_after_utc for one in found))


async def _sealed(database: AsyncEngine, ring: Keyring) -> list[Sealed]:
    """The oldest and the newest identities, by their keys; one of each key is opened, and thrown away."""
    some = [
        sa.select(patients).order_by(order).limit(SAMPLE).subquery().select()
        for order in (patients.c.demand_id, patients.c.demand_id.desc())
    ]
    counts: dict[str, int] = {}
    opens: dict[str, bool] = {}
    async with database.connect() as connection:
        for row in (await connection.execute(sa.union(*some))).mappings():
            field = next((name for name in LEAST_TELLING if row[name] is not None), None)
            if field is None:
                continue
            kid, opened = _try(ring, bytes(row[field]), field, row["demand_id"], opens)
            counts[kid] = counts.get(kid, 0) + 1
            opens[kid] = opened
    return [Sealed(kid, count, opens[kid]) for kid, count in sorted(counts.items())]


def _try(
    ring: Keyring, sealed: bytes, field: str, demand_id: UUID, known: Mapping[str, bool]
) -> tuple[str, bool]:
    """The key of a field, and whether the ring has it; what was sealed is not kept."""
    try:
        kid = key_id_of(sealed)
    except UnreadableError:
        return "unknown", False
    if kid in known:
        return kid, known[kid]
    try:
        ring.open_bytes(sealed, f"patients/{field}/{demand_id}")
    except UnreadableError:
        return kid, False
    return kid, True
