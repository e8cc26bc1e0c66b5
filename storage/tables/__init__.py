"""Every table, in SQLAlchemy Core. Names are those of the glossary; instants are UTC; H3 cells are bigint."""

from storage.tables.audit import audit_events, login_failures, login_places
from storage.tables.base import Instant, Uuid, metadata
from storage.tables.callers import api_keys, devices, idempotency_keys, persons, refresh_tokens, sessions
from storage.tables.deciding import coverage_gaps, engagements, surveys
from storage.tables.guard import guard_periods, guard_sectors, guard_shifts, staff
from storage.tables.means import (
    communes,
    companies,
    conventions,
    facilities,
    samus,
    sites,
    vehicle_cells,
    vehicle_fixes,
    vehicle_positions,
    vehicles,
)
from storage.tables.posted import demands, patient_reads, patients, place_texts
from storage.tables.push import notifications, push_cursor
from storage.tables.records import demand_views, journal, kept_steps, mission_steps, missions, solicitations
from storage.tables.regulation import alarms, crews, leases

__all__ = [
    "Instant",
    "Uuid",
    "alarms",
    "api_keys",
    "audit_events",
    "communes",
    "companies",
    "conventions",
    "coverage_gaps",
    "crews",
    "demand_views",
    "demands",
    "devices",
    "engagements",
    "facilities",
    "guard_periods",
    "guard_sectors",
    "guard_shifts",
    "idempotency_keys",
    "journal",
    "kept_steps",
    "leases",
    "login_failures",
    "login_places",
    "metadata",
    "mission_steps",
    "missions",
    "notifications",
    "patient_reads",
    "patients",
    "persons",
    "place_texts",
    "push_cursor",
    "refresh_tokens",
    "samus",
    "sessions",
    "sites",
    "solicitations",
    "staff",
    "surveys",
    "vehicle_cells",
    "vehicle_fixes",
    "vehicle_positions",
    "vehicles",
]
