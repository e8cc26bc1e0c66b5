"""The demonstration département as rows of the database, the passwords as hashes."""

import hmac
from uuid import UUID

import sqlalchemy as sa
from pwdlib.hashers.argon2 import Argon2Hasher

from ops.demo import DemoAccount, DemoCompany, DemoDepartment, DemoSector, demo_api_key, demo_password
from ops.demo.fleet import MOBILISATION_BY_DAY_S, mobilisation_by_hour_s
from ops.demo.model import DemoSamu, demo_id
from simulation.places import Commune
from storage import tables
from storage.accounts import secret_hash

HASHER = Argon2Hasher(time_cost=1, memory_cost=1024, parallelism=1)
"""Cheap, because the demo's passwords have 144 bits from a secret: there is nothing to guess."""

Row = dict[str, object]


def demo_rows(department: DemoDepartment, secret: str) -> list[tuple[sa.Table, list[Row]]]:
    """Every row, the tables in the order in which they refer to each other."""
    samu, companies = department.samu, department.companies
    return [
        (tables.samus, [_samu_row(samu)]),
        (tables.companies, [{"id": one.id, "name": one.name, "phone": one.phone} for one in companies]),
        (tables.conventions, [{"samu_id": samu.id, "company_id": one.id} for one in companies]),
        (tables.sites, [row for one in companies for row in _site_rows(one)]),
        (tables.vehicles, [row for one in companies for row in _vehicle_rows(one)]),
        (tables.guard_sectors, [_sector_row(samu.id, one) for one in department.sectors]),
        (tables.staff, [row for one in companies for row in _staff_rows(one)]),
        (tables.facilities, _facility_rows(department)),
        (tables.communes, [_commune_row(one) for one in department.communes]),
        (tables.persons, [_person_row(account, secret) for account in department.accounts]),
        (tables.api_keys, [_key_row(department, secret)]),
    ]


def _samu_row(samu: DemoSamu) -> Row:
    return {"id": samu.id, "name": samu.name, "phone": samu.phone, "area_cells": list(samu.area_cells)}


def _site_rows(company: DemoCompany) -> list[Row]:
    return [
        {
            "id": one.id,
            "company_id": company.id,
            "name": one.name,
            "lat": one.lat,
            "lon": one.lon,
            "mobilisation_s": MOBILISATION_BY_DAY_S,
            "mobilisation_by_hour_s": list(mobilisation_by_hour_s()),
        }
        for one in company.sites
    ]


def _vehicle_rows(company: DemoCompany) -> list[Row]:
    return [
        {
            "id": one.id,
            "company_id": company.id,
            "site_id": one.site_id,
            "name": one.name,
            "registration": one.registration,
            "category": one.category,
        }
        for one in company.vehicles
    ]


def _sector_row(samu_id: UUID, sector: DemoSector) -> Row:
    return {
        "id": sector.id,
        "samu_id": samu_id,
        "name": sector.name,
        "communes": list(sector.communes),
        "outline": sector.outline,
        "neighbours": list(sector.neighbours),
    }


def _staff_rows(company: DemoCompany) -> list[Row]:
    return [
        {"id": one.id, "company_id": company.id, "name": one.name, "diploma": one.diploma}
        for one in company.staff
    ]


def _facility_rows(department: DemoDepartment) -> list[Row]:
    return [
        {"id": one.finess, "name": one.name, "commune": one.commune, "lat": one.lat, "lon": one.lon}
        for one in department.facilities
    ]


def _commune_row(commune: Commune) -> Row:
    return {
        "insee": commune.insee,
        "name": commune.name,
        "population": commune.population,
        "lat": commune.lat,
        "lon": commune.lon,
    }


def _person_row(account: DemoAccount, secret: str) -> Row:
    """The salt follows from the secret too, so that the same account has the same hash every time."""
    salt = hmac.digest(secret.encode(), f"rescousse-demo/salt/{account.username}".encode(), "sha256")[:16]
    return {
        "id": account.id,
        "username": account.username,
        "password_hash": HASHER.hash(demo_password(secret, account.username), salt=salt),
        "role": account.role,
        "samu_id": account.samu_id,
        "company_id": account.company_id,
    }


def _key_row(department: DemoDepartment, secret: str) -> Row:
    samu = department.samu
    return {
        "id": demo_id(department.seed, "api-key", samu.code),
        "key_hash": secret_hash(demo_api_key(secret, samu.id)),
        "name": f"Logiciel du {samu.name}",
        "samu_id": samu.id,
    }
