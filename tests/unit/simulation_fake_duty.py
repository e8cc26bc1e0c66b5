"""The fake API's regulation, crews, guard and alarms: just enough rules for the simulation to play against."""

import asyncio
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from fastapi import Request
from fastapi.responses import JSONResponse, Response

Json = dict[str, object]


async def until(condition: Callable[[], bool], *, within: float = 8.0) -> None:
    """Wait until a condition holds; fail after so many seconds."""
    async with asyncio.timeout(within):
        for _ in iter(condition, True):
            await asyncio.sleep(0.005)


def now() -> str:
    return datetime.now(UTC).isoformat()


def problem(status: int, code: str, **more: object) -> JSONResponse:
    headers = {"Retry-After": "0"} if status == 503 else None
    return JSONResponse({"status": status, "code": code, **more}, status, headers)


def device_of(request: Request) -> str:
    return request.headers.get("X-Device-Id", "")


class FakeDuty(ABC):
    """Leases with their epochs, phones in vehicles, guard periods with their shifts, alarms."""

    def __init__(self) -> None:
        self.leases: dict[str, tuple[str, int]] = {}
        self.epochs: dict[str, int] = {}
        self.offers: dict[str, str] = {}
        self.closed_devices: set[str] = set()
        self.crews: dict[str, str] = {}
        self.receipts: list[tuple[str, str]] = []
        self.periods: dict[str, Json] = {}
        self.alarms: dict[str, Json] = {}
        self.events: list[tuple[str, Json]] = []
        self.stale_answers = 0
        self.deaf = False
        """Forgets the leases at the next heartbeat, as a server does that heard nothing for too long."""

    def tell(self, kind: str, **data: object) -> None:
        self.events.append((kind, {"demand_id": None, "seq": 1, "data": data}))

    @abstractmethod
    def company_of(self, request: Request) -> str:
        """Whose token it is."""

    # -- regulation --------------------------------------------------------------------------------------------------

    def _lease(self, site: str, device: str) -> Response:
        if self.leases.get(site, ("", 0))[0] != device:
            self.epochs[site] = self.epochs.get(site, 0) + 1
            self.leases[site] = (device, self.epochs[site])
        return JSONResponse({"site_id": site, "epoch": self.leases[site][1], "state": "HELD"})

    def _put_regulation(self, request: Request, parts: list[str], body: Json) -> Response:
        held = self.leases.get(parts[1])
        if held and held[0] != device_of(request) and not body.get("take_over"):
            return problem(409, "lease_held_elsewhere")
        return self._lease(parts[1], device_of(request))

    def _delete_regulation(self, request: Request, parts: list[str], _: Json) -> Response:
        if self.leases.get(parts[1], ("",))[0] == device_of(request):
            del self.leases[parts[1]]
        return JSONResponse({"site_id": parts[1], "epoch": 0, "state": "FREE"})

    def _post_regulation(self, request: Request, parts: list[str], body: Json) -> Response:
        device = device_of(request)
        if parts == ["heartbeat"]:
            if self.deaf:
                self.deaf = False
                self.leases.clear()
            mine = [(site, held[1]) for site, held in self.leases.items() if held[0] == device]
            return JSONResponse({"leases": [{"site_id": site, "epoch": epoch} for site, epoch in mine]})
        site = parts[1]
        if parts[-1] == "acceptance":
            if self.offers.pop(site, None) != device:
                return problem(409, "handover_unknown")
            return self._lease(site, device)
        if self.leases.get(site, ("",))[0] != device:
            return problem(409, "lease_lost")
        self.offers[site] = str(body["to_device_id"])
        return JSONResponse({"site_id": site, "epoch": self.leases[site][1]})

    def may_answer(self, request: Request, asked: Json) -> bool:
        """A guard's card by the phone of its shift, any other under the lease of the company's site."""
        if asked["tier"] == "GUARD":
            return any(shift["device_id"] == device_of(request) for shift in self.open_shifts())
        site = str(asked["company_id"]).replace("company", "site")
        device, epoch = self.leases.get(site, ("", 0))
        right = device == device_of(request) and request.headers.get("X-Lease-Epoch") == str(epoch)
        self.stale_answers += not right
        return right

    # -- devices and crews -------------------------------------------------------------------------------------------

    def _post_devices(self, *_: object) -> Response:
        return JSONResponse({"id": str(uuid.uuid4())}, 201)

    def _delete_devices(self, _: Request, parts: list[str], __: Json) -> Response:
        self.closed_devices.add(parts[0])
        return Response(status_code=204)

    def _delete_vehicles(self, request: Request, parts: list[str], _: Json) -> Response:
        if self.crews.get(parts[0]) == device_of(request):
            del self.crews[parts[0]]
        return Response(status_code=204)

    # -- the guard ---------------------------------------------------------------------------------------------------

    def open_shifts(self) -> list[Json]:
        shifts = [one["shift"] for one in self.periods.values()]
        return [one for one in shifts if isinstance(one, dict) and one["closed_at"] is None]

    def close_overdue(self) -> None:
        for period in self.periods.values():
            shift = period["shift"]
            over = datetime.fromisoformat(str(period["ends_at"])) <= datetime.now(UTC)
            if over and isinstance(shift, dict) and shift["closed_at"] is None:
                self._close(shift)

    def _close(self, shift: Json) -> None:
        shift["closed_at"] = now()
        self.tell("shift_closed", shift_id=shift["id"])

    def _get_guard(self, request: Request, parts: list[str], _: Json) -> Response:
        if parts == ["sectors"]:
            return JSONResponse({"items": [{"id": "north", "name": "Secteur Nord", "communes": ["11069"]}]})
        if parts == ["teammates"]:
            staff = [{"id": "t1", "name": "Alix Essai", "diploma": "DEA"}]
            return JSONResponse({"items": staff})
        mine = self.company_of(request)
        found = [one for one in self.periods.values() if mine in {"", dict(one["company"])["id"]}]  # type: ignore[call-overload]  # a JSON object
        return JSONResponse({"items": found, "next_cursor": None})

    def _post_guard(self, request: Request, parts: list[str], body: Json) -> Response:
        if parts == ["roster"]:
            return self._roster(body)
        if parts == ["shifts"]:
            period = self.periods[str(body["period_id"])]
            return JSONResponse(self._open(request, period, str(body["vehicle_id"])), 201)
        if parts == ["missing-period"]:
            period = self._plan(str(body["sector_id"]), self.company_of(request), now(), str(body["ends_at"]))
            period["provisional"] = True
            self._open(request, period, str(body["vehicle_id"]))
            self.sound("GUARD_PERIOD_MISSING", period_id=period["id"])
            return JSONResponse(period, 201)
        self.periods[parts[1]]["approved"] = True
        return JSONResponse(self.periods[parts[1]])

    def _roster(self, body: Json) -> Response:
        lines = body["periods"]
        assert isinstance(lines, list)
        for line in lines:
            self._plan(line["sector"], line["company"], line["starts_at"], line["ends_at"])
        self.tell("guard_planned")
        return JSONResponse({"planned": len(lines), "unchanged": 0})

    def _plan(self, sector: str, company: str, starts_at: str, ends_at: str) -> Json:
        one: Json = {"id": str(uuid.uuid4()), "state": "PLANNED", "shift": None, "provisional": False}
        one |= {"sector": {"id": sector, "name": sector}, "company": {"id": company, "name": company}}
        one |= {"starts_at": starts_at, "ends_at": ends_at}
        self.periods[str(one["id"])] = one
        return one

    def _open(self, request: Request, period: Json, vehicle: str) -> Json:
        late = datetime.now(UTC) - datetime.fromisoformat(str(period["starts_at"]))
        shift: Json = {"id": str(uuid.uuid4()), "vehicle_id": vehicle, "device_id": device_of(request)}
        shift |= {"late_s": max(0, int(late / timedelta(seconds=1))), "closed_at": None}
        period["shift"] = shift
        self.crews[vehicle] = device_of(request)
        return shift

    def _delete_guard(self, _: Request, parts: list[str], __: Json) -> Response:
        for shift in self.open_shifts():
            if shift["id"] == parts[1]:
                self._close(shift)
        return JSONResponse({"id": parts[1]})

    # -- alarms ------------------------------------------------------------------------------------------------------

    def sound(self, kind: str, **about: object) -> str:
        alarm: Json = {"id": str(uuid.uuid4()), "kind": kind, "state": "RAISED", **about}
        self.alarms[str(alarm["id"])] = alarm
        self.tell("alarm_raised", alarm_id=alarm["id"], alarm=kind)
        return str(alarm["id"])

    def _get_alarms(self, *_: object) -> Response:
        return JSONResponse({"items": list(self.alarms.values()), "next_cursor": None})

    def _post_alarms(self, _: Request, parts: list[str], __: Json) -> Response:
        alarm = self.alarms[parts[0]]
        alarm["state"] = "SEEN"
        self.tell("alarm_seen", alarm_id=alarm["id"], alarm=alarm["kind"])
        return JSONResponse(alarm)
