"""A tiny stand-in for the public API: one procedure, in memory, enough for the simulation to play against.

Its stream answers what is new and closes, so that every reading is a reconnection with ``Last-Event-ID``.
"""

import itertools
import json
import time
import uuid
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from simulation.runtime import Runtime
from simulation.wire import STEPS
from tests.unit.simulation_fake_duty import FakeDuty, Json, problem
from tests.unit.simulation_fake_duty import now as _now


def runtime_document(companies: int = 3, vehicles: int = 3) -> Json:
    """The runtime.json of a small département around Carcassonne."""
    return {
        "api": "http://fake",
        "pids": {"worker": [1]},
        "accounts": {
            "samu": {"id": "samu", "name": "SAMU", "api_key": "key", "username": "s", "password": "s"},
            "coordinator": {"username": "coordinator", "password": "p"},
            "companies": [_company(number, vehicles) for number in range(companies)],
        },
    }


def _company(number: int, vehicles: int) -> Json:
    site = {"id": f"site{number}", "name": f"Site {number}", "lat": 43.2 + number / 50, "lon": 2.35}
    names = [f"c{number}v{one}" for one in range(vehicles)]
    return {
        "id": f"company{number}",
        "name": f"Ambulances {number}",
        "regulator": {"username": f"reg{number}", "password": "p"},
        "crews": [{"username": f"crew{number}", "password": "p"}],
        "sites": [site],
        "vehicles": [
            {"id": one, "name": one, "volume": "ASSU", "site_id": site["id"], "category": "A"}
            for one in names
        ],
    }


def runtime(companies: int = 3, vehicles: int = 3) -> Runtime:
    return Runtime.model_validate(runtime_document(companies, vehicles))


@dataclass
class FakeDemand:
    """One demand and all that hangs on it."""

    body: Json
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "SOLICITING_VEHICLES"
    received_at: str = field(default_factory=_now)
    tier_ends: float = 0.0
    solicitations: dict[str, Json] = field(default_factory=dict)
    mission: Json | None = None
    facility: str | None = None

    @property
    def counters(self) -> list[Json]:
        found = [one for one in self.solicitations.values() if one["state"] == "COUNTERED"]
        return sorted(found, key=lambda one: str(one["counter_delay_minutes"]).zfill(4))

    def view(self) -> Json:
        proposals = [
            {"solicitation_id": one["id"], "delay_minutes": one["counter_delay_minutes"], "best": rank == 0}
            for rank, one in enumerate(self.counters)
        ]
        about = {"id": self.id, "reference": self.body["reference"], "status": self.status}
        about |= {"received_at": self.received_at, "new_field": 1}
        return about | {"counter_proposals": proposals, "mission": self.mission}


class FakeApi(FakeDuty):
    """The state of the fake; ``app`` is its ASGI application."""

    def __init__(self, *, window: float = 0.6, away_every: int = 0, mute: bool = False) -> None:
        super().__init__()
        self.window = window
        self.away_every = away_every
        self.mute = mute
        self.reconnect_ms = 50
        self.demands: dict[str, FakeDemand] = {}
        self.available: set[str] = set()
        self.positions: dict[str, Json] = {}
        self.resumed_from: list[str] = []
        self.keys: set[str] = set()
        self.tokens: dict[str, str] = {}
        self._requests = itertools.count(1)
        self.app = FastAPI()
        self.app.middleware("http")(self._gate)
        self.app.add_api_route("/healthz", lambda: {"ok": True})
        self.app.add_api_route("/v1/{path:path}", self._route, methods=["GET", "POST", "PUT", "DELETE"])

    def emit(self, kind: str, demand: FakeDemand, **data: object) -> None:
        self.events.append((kind, {"demand_id": demand.id, "seq": 1, "data": data}))

    async def _gate(self, request: Request, call_next):  # type: ignore[no-untyped-def]  # Starlette's
        number = next(self._requests)
        if self.away_every and number % self.away_every == 0:
            return problem(503, "engine_away")
        return await call_next(request)

    async def _route(self, request: Request, path: str) -> Response:
        if path == "token":
            form = parse_qs((await request.body()).decode())
            if form["grant_type"] == ["refresh_token"]:
                return problem(401, "refresh_unknown")
            token = str(uuid.uuid4())
            number = form["username"][0][-1]
            self.tokens[token] = f"company{number}" if number.isdigit() else ""
            return JSONResponse({"access_token": token, "refresh_token": "r", "token_type": "bearer"})
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if request.headers.get("X-API-Key") != "key" and bearer not in self.tokens:
            return problem(401, "token_expired")
        if request.method == "POST" and not request.headers.get("Idempotency-Key"):
            return problem(422, "key_missing")
        self._tick()
        parts = path.split("/")
        body = json.loads(await request.body() or "{}")
        handler = getattr(self, f"_{request.method.lower()}_{parts[0]}", None)
        return handler(request, parts[1:], body) if handler else problem(404, "not_found")

    def _tick(self) -> None:
        self.close_overdue()
        for demand in self.demands.values():
            states = [one["state"] for one in demand.solicitations.values()]
            searching = demand.status in {"SOLICITING_VEHICLES", "SOLICITING_FREE_CHOICE"}
            if searching and ("OPEN" not in states or time.monotonic() > demand.tier_ends):
                for one in demand.solicitations.values():
                    one["state"] = "EXPIRED" if one["state"] == "OPEN" else one["state"]
                demand.status = "ARBITRATION"
                self.emit("arbitration_opened", demand)
                if not demand.counters:
                    self.emit("carence_proposed", demand)

    def _solicit(self, demand: FakeDemand, tier: str, vehicle: str | None, company: str) -> None:
        demand.tier_ends = time.monotonic() + self.window
        one: Json = {"id": str(uuid.uuid4()), "demand_id": demand.id, "tier": tier, "company_id": company}
        one |= {"vehicle_id": vehicle, "eta_minutes": 9, "state": "OPEN", "counter_delay_minutes": None}
        one |= {"demand": {name: demand.body[name] for name in ("max_delay_minutes", "volume", "pickup")}}
        demand.solicitations[str(one["id"])] = one
        self.emit("solicitation_opened", demand, solicitation_id=one["id"], company_id=company)

    def company_of(self, request: Request) -> str:
        return self.tokens.get(request.headers.get("Authorization", "").removeprefix("Bearer "), "")

    def _get_stream(self, request: Request, _: list[str], __: Json) -> Response:
        start = request.headers.get("Last-Event-ID", "")
        self.resumed_from.append(start)
        lines = [
            f"event: {kind}\nid: {number}\ndata: {json.dumps(data)}\n\n"
            for number, (kind, data) in enumerate(self.events, 1)
            if number > int(start or 0)
        ]
        return Response(f"retry: {self.reconnect_ms}\n\n" + "".join(lines), media_type="text/event-stream")

    def _put_sites(self, *_: object) -> Response:
        return JSONResponse({})

    def _put_vehicles(self, request: Request, parts: list[str], body: Json) -> Response:
        if parts[1] == "crew":
            assert body["device_id"] == request.headers["X-Device-Id"]
            self.crews[parts[0]] = str(body["device_id"])
        if parts[1] == "availability":
            (self.available.add if body["available"] else self.available.discard)(parts[0])
        return JSONResponse({})

    def _post_positions(self, _: Request, __: list[str], body: Json) -> Response:
        fixes = body["positions"]
        assert isinstance(fixes, list)
        self.positions |= {fix["vehicle_id"]: fix for fix in fixes}
        return JSONResponse({"kept": len(fixes)})

    def _get_demands(self, _: Request, parts: list[str], __: Json) -> Response:
        if not parts:
            return JSONResponse({"items": [one.view() for one in self.demands.values()]})
        return JSONResponse(self.demands[parts[0]].view())

    def _post_demands(self, _: Request, parts: list[str], body: Json) -> Response:
        if parts:
            return self._on_demand(self.demands[parts[0]], parts[1], body)
        demand = FakeDemand(body)
        self.demands[demand.id] = demand
        guards = {str(shift["vehicle_id"]) for shift in self.open_shifts()}
        engaged = {mission["vehicle_id"] for mission in self._open_missions()}
        for vehicle in sorted(guards - engaged):
            self._solicit(demand, "GUARD", vehicle, f"company{vehicle[1]}")
        for vehicle in sorted(self.available - guards):
            if f"site{vehicle[1]}" in self.leases:
                self._solicit(demand, "VEHICLE", vehicle, f"company{vehicle[1]}")
        demand.tier_ends = time.monotonic() + self.window
        return JSONResponse(demand.view(), 201)

    def _put_demands(self, _: Request, parts: list[str], body: Json) -> Response:
        self.demands[parts[0]].facility = str(body["facility_id"])
        return JSONResponse({})

    def _on_demand(self, demand: FakeDemand, what: str, body: Json) -> Response:
        if self.mute or demand.status in {"COMPLETED", "UNFULFILLED", "CANCELLED"}:
            return problem(409, "demand_closed")
        if what == "carence":
            self._end(demand, "UNFULFILLED")
        elif what == "cancellation":
            self._end(demand, "CANCELLED")
        else:
            chosen = demand.solicitations[str(body["solicitation_id"])]
            chosen["state"] = "REFUSED"
            if body["decision"] == "ACCEPT":
                demand.status = "SOLICITING_FREE_CHOICE"
                self._solicit(demand, "FREE_CHOICE", None, str(chosen["company_id"]))
        return JSONResponse(demand.view())

    def _end(self, demand: FakeDemand, status: str) -> None:
        demand.status = status
        for one in demand.solicitations.values():
            one["state"] = "WITHDRAWN" if one["state"] == "OPEN" else one["state"]
        self.emit(f"demand_{status.lower()}", demand)

    def _get_solicitations(self, request: Request, *_: object) -> Response:
        cards = [one for demand in self.demands.values() for one in demand.solicitations.values()]
        mine = [one for one in cards if one["company_id"] == self.company_of(request)]
        return JSONResponse({"items": [one for one in mine if one["state"] == "OPEN"], "next_cursor": None})

    def _post_solicitations(self, request: Request, parts: list[str], body: Json) -> Response:
        demand = next(one for one in self.demands.values() if parts[0] in one.solicitations)
        asked = demand.solicitations[parts[0]]
        if not self.may_answer(request, asked):
            return problem(409, "lease_lost")
        if demand.mission is not None:
            return problem(409, "already_assigned")
        if asked["state"] != "OPEN":
            return problem(409, "too_late")
        if parts[1] == "acceptance":
            return self._assign(demand, asked, body)
        asked["state"] = "COUNTERED" if parts[1] == "counter-proposal" else "REFUSED"
        asked["counter_delay_minutes"] = body.get("delay_minutes")
        return JSONResponse({"outcome": "RECORDED"})

    def _assign(self, demand: FakeDemand, asked: Json, body: Json) -> Response:
        vehicle = asked["vehicle_id"] or body.get("vehicle_id")
        if vehicle is None:
            return problem(409, "vehicle_required")
        if any(one["vehicle_id"] == vehicle for one in self._open_missions()):
            return problem(409, "vehicle_engaged")
        self._end(demand, "ASSIGNED")
        step = {"step": "AFFECTE", "occurred_at": _now(), "recorded_at": _now()}
        about: Json = {"id": str(uuid.uuid4()), "demand_id": demand.id, "vehicle_id": vehicle}
        demand.mission = about | {"step": "AFFECTE", "pickup": demand.body["pickup"], "steps": [step]}
        self.emit("mission_assigned", demand, mission_id=about["id"], vehicle_id=vehicle)
        return JSONResponse({"outcome": "CONFIRMED", "mission_id": about["id"]})

    def _open_missions(self) -> list[Json]:
        return [one.mission for one in self.demands.values() if one.mission and one.status == "ASSIGNED"]

    def _get_missions(self, request: Request, parts: list[str], _: Json) -> Response:
        if parts:
            known = (one.mission for one in self.demands.values() if one.mission)
            return JSONResponse(next(one for one in known if one["id"] == parts[0]))
        prefix = self.company_of(request).replace("company", "c")
        mine = [one for one in self._open_missions() if str(one["vehicle_id"]).startswith(prefix)]
        return JSONResponse({"items": mine})

    def _delete_missions(self, _: Request, parts: list[str], __: Json) -> Response:
        mission = next((one for one in self._open_missions() if one["id"] == parts[0]), None)
        if mission is None:  # cancelled between the step and its undo, as the real API answers
            return problem(409, "mission_ended")
        mission["step"] = STEPS[STEPS.index(str(mission["step"])) - 1]
        return JSONResponse({})

    def _post_missions(self, _: Request, parts: list[str], body: Json) -> Response:
        found = (one for one in self.demands.values() if one.mission and one.mission["id"] == parts[0])
        demand = next(found)
        mission = demand.mission
        assert mission is not None
        if demand.status != "ASSIGNED":
            return problem(409, "mission_ended")
        if parts[1] == "receipt":
            self.receipts.append((parts[0], str(body["receipt"])))
            return JSONResponse({"mission_id": parts[0]}, 202)
        if parts[1] == "steps":
            return self._step(demand, mission, body)
        self._end(demand, "COMPLETED")
        return JSONResponse({})

    def _step(self, demand: FakeDemand, mission: Json, body: Json) -> Response:
        expected = STEPS[STEPS.index(str(mission["step"])) + 1]
        if body["step"] != expected:
            return problem(409, "wrong_step", expected_step=expected)
        mission["step"] = expected
        if expected == "DISPONIBLE":
            self._end(demand, "COMPLETED")
        return JSONResponse({})
