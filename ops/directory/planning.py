"""Makes the plan of a loading: pure, from a file that has its shape and from what the database has."""

from collections.abc import Iterator
from uuid import UUID

from ops.directory.checking import doubles
from ops.directory.deeds import Deed, Plan
from ops.directory.document import Company, Person, Samu, Site, Vehicle
from ops.directory.draft import Draft, Wanted
from ops.directory.faults import Loc
from ops.directory.fields import same_plate
from ops.directory.known import Kind, Known, Row
from ops.directory.policy import chosen_values
from ops.directory.reading import Given

PARIS = "Europe/Paris"


def make_plan(given: Given, known: Known) -> Plan:
    """Compare all of it. The faults of the plan are everything that cannot be."""
    draft = Draft(known)
    _samus(draft, given)
    companies = _companies(draft, given)
    _sites(draft, companies)
    _vehicles(draft, companies)
    agreed = _conventions(draft, companies)
    _persons(draft, given)
    faults = [*draft.faults, *doubles(draft, given.source)]
    left: dict[Kind, list[str]] = {kind: draft.left(kind) for kind in Kind if kind is not Kind.CONVENTION}
    left[Kind.CONVENTION] = [_pair(draft, row) for row in known[Kind.CONVENTION] if _ids(row) not in agreed]
    return Plan(draft.deeds, faults, left, draft.names, list(_notes(draft, companies)))


def _samus(draft: Draft, given: Given) -> None:
    wanted = [_samu(index, one, given) for index, one in enumerate(given.directory.samus)]
    for deed in draft.enter(Kind.SAMU, wanted, lambda row: [row["name"]]):
        if deed.before is None and "area_cells" not in deed.row:
            draft.fault(
                deed.loc, "it is new: say where its demands come from, with 'departments' or 'outline'"
            )


def _samu(index: int, one: Samu, given: Given) -> Wanted:
    first: Row = {"phone": None, "policy": {}, "timezone": PARIS}
    values: dict[str, object] = {"name": one.name} | _phone(one.phone)
    if index in given.areas:
        values["area_cells"] = given.areas[index]
    if one.timezone is not None:
        values["timezone"] = one.timezone
    if one.policy is not None:
        values["policy"] = chosen_values(one.policy)
    return Wanted(("samus", index), one.name, (one.name, one.was), values, first)


def _companies(draft: Draft, given: Given) -> list[tuple[Deed, Company]]:
    entries = given.directory.companies
    wanted = [
        Wanted(
            ("companies", index),
            one.name,
            (one.name, one.was),
            {"name": one.name} | _phone(one.phone),
            {"phone": None},
        )
        for index, one in enumerate(entries)
    ]
    deeds = draft.enter(Kind.COMPANY, wanted, lambda row: [row["name"]])
    return list(zip(deeds, entries, strict=True))


def _sites(draft: Draft, companies: list[tuple[Deed, Company]]) -> None:
    wanted = [
        _site((*deed.loc, "sites", index), deed.row["id"], one)
        for deed, company in companies
        for index, one in enumerate(company.sites)
    ]
    draft.enter(Kind.SITE, wanted, lambda row: [(row["company_id"], row["name"])])


def _site(loc: Loc, company_id: UUID, one: Site) -> Wanted:
    first = {"mobilisation_s": one.mobilisation_s or 0, "mobilisation_by_hour_s": one.mobilisation_by_hour_s}
    values = {"company_id": company_id, "name": one.name, "lat": one.lat, "lon": one.lon}
    return Wanted(loc, one.name, _named(company_id, one), values, first, company_id)


def _vehicles(draft: Draft, companies: list[tuple[Deed, Company]]) -> None:
    wanted = [
        _vehicle(draft, (*deed.loc, "vehicles", index), deed.row["id"], one)
        for deed, company in companies
        for index, one in enumerate(company.vehicles)
    ]
    draft.enter(Kind.VEHICLE, wanted, _known_vehicle)


def _vehicle(draft: Draft, loc: Loc, company_id: UUID, one: Vehicle) -> Wanted:
    first: Row = {"site_id": None, "registration": None}
    values: dict[str, object] = {
        "company_id": company_id,
        "name": one.name,
        "category": one.category.value,
    }
    if one.registration is not None:
        values["registration"] = one.registration or None
    if one.site is not None:
        values["site_id"] = draft.find(Kind.SITE, one.site, loc, company_id) if one.site else None
    plate = (company_id, "registration", same_plate(one.registration)) if one.registration else None
    return Wanted(loc, one.name, (plate, *_named(company_id, one)), values, first, company_id)


def _known_vehicle(row: Row) -> list[tuple[object, ...]]:
    named: list[tuple[object, ...]] = [(row["company_id"], row["name"])]
    plate = row["registration"]
    return [*named, (row["company_id"], "registration", same_plate(plate))] if plate else named


def _named(company_id: UUID, one: Site | Vehicle) -> tuple[tuple[object, ...] | None, ...]:
    return (company_id, one.name), (company_id, one.was) if one.was else None


def _conventions(draft: Draft, companies: list[tuple[Deed, Company]]) -> set[tuple[UUID, UUID]]:
    """Those that the file names, as pairs of ids."""
    known = {_ids(row): row for row in draft.known[Kind.CONVENTION]}
    agreed: set[tuple[UUID, UUID]] = set()
    for deed, company in companies:
        for name in company.conventions:
            samu_id = draft.find(Kind.SAMU, name, deed.loc)
            pair = (samu_id, deed.row["id"])
            if samu_id is None:
                continue
            if pair in agreed:
                draft.fault(deed.loc, f"its convention with '{name}' is named twice")
            agreed.add((samu_id, deed.row["id"]))
            row = {"samu_id": samu_id, "company_id": deed.row["id"]}
            draft.deeds.append(Deed(Kind.CONVENTION, deed.loc, _pair(draft, row), row, known.get(_ids(row))))
    return agreed


def _persons(draft: Draft, given: Given) -> None:
    wanted = [_person(draft, ("persons", index), one) for index, one in enumerate(given.directory.persons)]
    for deed in draft.enter(Kind.PERSON, wanted, lambda row: [row["username"]]):
        unclear = any(fault.loc == deed.loc for fault in draft.faults)
        if {"samu_id", "company_id"} & set(deed.changes) and not unclear:
            draft.fault(
                deed.loc,
                f"this account is there already, and is one of {_whose(draft, deed.before or {})}:"
                " an account stays with whom it belongs to; choose another name",
            )


def _person(draft: Draft, loc: Loc, one: Person) -> Wanted:
    values = {
        "username": one.username,
        "role": one.role.value,
        "samu_id": draft.find(Kind.SAMU, one.samu, loc) if one.samu else None,
        "company_id": draft.find(Kind.COMPANY, one.company, loc) if one.company else None,
    }
    return Wanted(loc, one.username, (one.username,), values)


def _notes(draft: Draft, companies: list[tuple[Deed, Company]]) -> Iterator[str]:
    """What is no fault, and perhaps not meant."""
    agreed = {row["company_id"] for row in draft.known[Kind.CONVENTION]}
    agreed |= {deed.row["company_id"] for deed in draft.deeds if deed.kind is Kind.CONVENTION}
    for deed, _ in companies:
        if deed.row["id"] not in agreed:
            yield f"{deed.name} has no convention: no SAMU solicits it."
    for deed in draft.deeds:
        if deed.kind is Kind.PERSON and deed.before and deed.before["disabled"]:
            yield f"{deed.name} is disabled, and stays so: see `rescousse access enable`."


def _phone(given: str | None) -> dict[str, object]:
    return {} if given is None else {"phone": given or None}


def _ids(row: Row) -> tuple[UUID, UUID]:
    return row["samu_id"], row["company_id"]


def _pair(draft: Draft, row: Row) -> str:
    return f"{draft.names[row['samu_id']]}, {draft.names[row['company_id']]}"


def _whose(draft: Draft, row: Row) -> str:
    owner = row["company_id"] or row["samu_id"]
    return draft.names[owner] if owner else "no SAMU and no company"
