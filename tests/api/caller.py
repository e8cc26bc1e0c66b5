"""A caller of the API, and what callers send."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import httpx

Json = dict[str, Any]


@dataclass(frozen=True)
class Caller:
    """Credentials and a connection."""

    http: httpx.AsyncClient
    headers: dict[str, str] = field(default_factory=dict)

    def on_device(self, device_id: str) -> "Caller":
        return replace(self, headers=self.headers | {"X-Device-Id": device_id})

    async def get(self, path: str, **params: str) -> httpx.Response:
        return await self.http.get(path, headers=self.headers, params=params)

    async def post(self, path: str, body: object = None, **headers: str) -> httpx.Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.post(path, json=body, headers=self.headers | sent)

    async def send(self, method: str, path: str, body: object = None) -> httpx.Response:
        return await self.http.request(method, path, json=body, headers=self.headers)


def demand(**more: object) -> Json:
    """A demand in Carcassonne."""
    return {
        "reference": f"DR{uuid4().hex[:10]}",
        "max_delay_minutes": 20,
        "volume": "AMBULANCE",
        "pickup": {
            "lat": 43.2130,
            "lon": 2.3491,
            "address": "12 rue de Verdun, 11000 Carcassonne",
            "access": "3e étage, code 12B",
        },
        "motive": "Chute, douleur hanche",
        "instructions": "Chien attaché",
        "callback_phone": "+33465710000",
        "patient": {
            "last_name": "EXEMPLE",
            "first_name": "Fable",
            "birth_year": 1941,
            "sex": "F",
            "weight_kg": 70,
        },
        "company_id": None,
        "exercise": False,
        **more,
    }


def assert_problem(response: httpx.Response, status: int, code: str) -> Json:
    """It is a problem document of this kind; its members."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    told: Json = response.json()
    assert told["code"] == code, told
    assert told["status"] == status
    assert told["type"]
    assert told["title"]
    assert told["detail"]
    return told


def without(body: Mapping[str, Any], *names: str) -> Json:
    return {name: value for name, value in body.items() if name not in names}
