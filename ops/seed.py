"""`rescousse seed`: writes the demonstration département into the database, as often as you like."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ops.demo import (
    DemoAccount,
    DemoCompany,
    DemoDepartment,
    build_demo,
    demo_api_key,
    demo_password,
)
from ops.embedded.datadir import write_private
from ops.embedded.demo import SEED, DemoName
from ops.embedded.runtime_file import (
    Accounts,
    CompanyAccounts,
    Login,
    SamuAccount,
    SitePlace,
    VehicleName,
)
from ops.seed_rows import Row, demo_rows
from settings import Settings
from storage import tables
from storage.engine import create_engine, transaction

FIRST_ONLY = frozenset({"mobilisation_s", "mobilisation_by_hour_s"})
"""Columns that a company changes itself: written with the row, and left alone ever after."""
SECRET = "RESCOUSSE_DEMO_SECRET"  # noqa: S105 - the name of the variable


class OtherDemoError(Exception):
    """The database holds the demonstration of another seed number."""


def seed_command(
    demo: Annotated[DemoName, typer.Option(help="Which demonstration.")] = DemoName.AUDE,
    seed: Annotated[int, typer.Option(help="The same number, the same département.")] = SEED,
    accounts: Annotated[
        Path | None, typer.Option(help="Write all accounts to this file instead of showing some.")
    ] = None,
    secret: Annotated[
        str | None, typer.Option(envvar=SECRET, help="Passwords follow from it; by default the signing key.")
    ] = None,
) -> None:
    """Write the demo département into the database of the settings; what is there already stays as it is."""
    console = Console()
    if demo is DemoName.NONE:
        return
    settings = Settings()
    department = build_demo(seed)
    secret = secret or settings.secret_key
    try:
        written = asyncio.run(_seed(settings.database_url, department, secret))
    except OtherDemoError as error:
        Console(stderr=True).print(f"rescousse: {error}", style="red")
        raise typer.Exit(1) from error
    console.print(_summary(department, written))
    everybody = accounts_of(department, secret)
    if accounts is not None:
        write_private(accounts, everybody.model_dump_json())
    else:
        console.print(_logins(everybody))


async def seed_demo(engine: AsyncEngine, department: DemoDepartment, secret: str) -> int:
    """Write what is missing or has changed, in one transaction; return how many rows that were.

    Tick-boxes and positions are left alone: the demo starts with nothing ticked and no position, and what people do
    with it afterwards stays; so do mobilisation times, which a site has from its first day. So do guard sectors and communes, once there are any: `rescousse sectors` and `rescousse
    communes` may have loaded others.
    Raises OtherDemoError if another seed's accounts are there.
    """
    async with transaction(engine) as connection:
        await _refuse_another_demo(connection, department)
        rows = demo_rows(department, secret)
        kept = set()
        if await _has_sectors(connection, department.samu.id):
            kept.add(tables.guard_sectors)
        if await connection.scalar(sa.select(sa.exists().select_from(tables.communes))):
            kept.add(tables.communes)
        rows = [(table, given) for table, given in rows if table not in kept]
        return sum([await _upsert(connection, *one) for one in rows])


def accounts_of(department: DemoDepartment, secret: str) -> Accounts:
    """Everybody in the demo with their passwords, as `runtime.json` has them."""
    samu = department.samu
    user = _login(samu.user, secret)
    return Accounts(
        samu=SamuAccount(
            id=str(samu.id),
            name=samu.name,
            api_key=demo_api_key(secret, samu.id),
            username=user.username,
            password=user.password,
        ),
        coordinator=_login(samu.coordinator, secret),
        admin=_login(samu.admin, secret),
        companies=[_company(company, secret) for company in department.companies],
    )


async def _seed(database_url: str, department: DemoDepartment, secret: str) -> int:
    engine = create_engine(database_url, pool_size=1, application_name="rescousse seed")
    try:
        return await seed_demo(engine, department, secret)
    finally:
        await engine.dispose()


async def _refuse_another_demo(connection: AsyncConnection, department: DemoDepartment) -> None:
    ours = {account.username: account.id for account in department.accounts}
    persons = tables.persons
    found = await connection.execute(
        sa.select(persons.c.username, persons.c.id).where(persons.c.username.in_(ours))
    )
    if any(ours[row.username] != row.id for row in found):
        raise OtherDemoError(
            f"the database holds the demonstration of another seed than {department.seed}: use an empty one"
        )


async def _has_sectors(connection: AsyncConnection, samu_id: UUID) -> bool:
    sectors = tables.guard_sectors
    found = await connection.scalar(sa.select(sa.exists().where(sectors.c.samu_id == samu_id)))
    return bool(found)


async def _upsert(connection: AsyncConnection, table: sa.Table, rows: Sequence[Row]) -> int:
    """Insert rows, and update those that differ but for FIRST_ONLY; return how many were written."""
    key = [column.name for column in table.primary_key]
    statement = insert(table).values(rows)
    others = [name for name in rows[0] if name not in key and name not in FIRST_ONLY]
    if others:
        new = {name: statement.excluded[name] for name in others}
        differs = sa.or_(*(table.columns[name].is_distinct_from(value) for name, value in new.items()))
        statement = statement.on_conflict_do_update(index_elements=key, set_=new, where=differs)
    else:
        statement = statement.on_conflict_do_nothing()
    written = await connection.execute(statement.returning(*table.primary_key))
    return len(written.all())


def _company(company: DemoCompany, secret: str) -> CompanyAccounts:
    return CompanyAccounts(
        id=str(company.id),
        name=company.name,
        regulator=_login(company.regulator, secret),
        crews=[_login(crew, secret) for crew in company.crews],
        sites=[SitePlace(id=str(one.id), name=one.name, lat=one.lat, lon=one.lon) for one in company.sites],
        vehicles=[
            VehicleName(
                id=str(one.id),
                name=one.name,
                volume=one.volume.value,
                category=one.category.value,
                site_id=str(one.site_id),
            )
            for one in company.vehicles
        ],
    )


def _login(account: DemoAccount, secret: str) -> Login:
    return Login(username=account.username, password=demo_password(secret, account.username))


def _summary(department: DemoDepartment, written: int) -> Table:
    table = Table(title=f"{department.samu.name}, seed {department.seed}", title_justify="left", box=None)
    table.add_column("what")
    table.add_column("how many", justify="right")
    counted = {
        "companies": department.companies,
        "sites": department.sites,
        "vehicles": department.vehicles,
        "guard sectors": department.sectors,
        "crew members": department.staff,
        "facilities": department.facilities,
        "communes": department.communes,
        "accounts": department.accounts,
    }
    for what, things in counted.items():
        table.add_row(what, str(len(things)))
    table.add_row("rows written now", str(written))
    return table


def _logins(accounts: Accounts) -> Table:
    """One account of each kind; the others follow the same pattern."""
    first = accounts.companies[0]
    table = Table(title="Some accounts", title_justify="left", box=None)
    for column in ("who", "username", "password"):
        table.add_column(column, overflow="fold")
    logins: dict[str, Login | SamuAccount] = {
        accounts.samu.name: accounts.samu,
        "coordinator": accounts.coordinator,
        "administrator": accounts.admin,
        f"{first.name}, regulator": first.regulator,
        f"{first.name}, crew": first.crews[0],
    }
    for who, login in logins.items():
        table.add_row(who, login.username, login.password)
    table.add_row(f"{accounts.samu.name}, software", "X-API-Key", accounts.samu.api_key)
    return table
