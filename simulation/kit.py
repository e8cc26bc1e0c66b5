"""A company's devices: the posts that may regulate it, and a phone for the crew of each vehicle."""

import httpx

from simulation.client import ApiClient
from simulation.day_plan import DayPlan
from simulation.identity import Identity, PersonIdentity
from simulation.phone import CrewPhone
from simulation.posts import MOBILE, PLUGIN, WEB, Post
from simulation.runtime import CompanyAccount, Login
from simulation.stage import Stage


class Kit:
    """Makes posts and phones, each once. Nothing is asked of the server before they connect."""

    def __init__(self, account: CompanyAccount, http: httpx.AsyncClient, stage: Stage) -> None:
        """``http`` is the way to the API that all share."""
        self._account = account
        self._http = http
        self._stage = stage
        self._posts: dict[str, Post] = {}
        self._phones: dict[str, CrewPhone] = {}
        regulator = PersonIdentity(account.regulator)
        self.office = self._client("office", regulator)
        """Reads and reports for the company, on no device."""
        self._regulator = regulator

    def desk_post(self, plan: DayPlan) -> Post:
        """Return the post that regulates on such a day: a PC, a Master phone, or in R4 the crew's own phone."""
        if plan.mode == "R4":
            return self.phone_of(self._account.vehicles[0].id).post
        kind = MOBILE if plan.desk_is_phone else PLUGIN
        return self._post(kind, f"Poste de {self._account.name}", self._regulator)

    def evening_post(self, day: int) -> Post:
        """Return whoever takes the regulation over in the evening: a colleague's phone, or a page at home."""
        kind = self._stage.rng(self._account.name, "evening", day).choice((MOBILE, WEB))
        return self._post(kind, f"Astreinte de {self._account.name}", PersonIdentity(self._account.regulator))

    def phone_of(self, vehicle_id: str) -> CrewPhone:
        """Return the phone of a vehicle's crew."""
        if vehicle_id not in self._phones:
            names = {vehicle.id: vehicle.name for vehicle in self._account.vehicles}
            name = f"Téléphone {names[vehicle_id]}"
            identity = PersonIdentity(self._login(list(names).index(vehicle_id)))
            post = Post(MOBILE, name, self._client(f"{self._account.name}/{name}", identity))
            self._phones[vehicle_id] = CrewPhone(post, vehicle_id, self._stage)
        return self._phones[vehicle_id]

    def _login(self, number: int) -> Login:
        """The crew's own account; a company without such accounts lends its regulator's."""
        crews = self._account.crews
        return crews[number % len(crews)] if crews else self._account.regulator

    def _post(self, kind: str, name: str, identity: Identity) -> Post:
        key = f"{kind} {name}"
        if key not in self._posts:
            self._posts[key] = Post(kind, name, self._client(key, identity))
        return self._posts[key]

    def _client(self, name: str, identity: Identity) -> ApiClient:
        rng = self._stage.rng(self._account.name, name, "pauses")
        return ApiClient(self._http, identity, rng, count=self._stage.ledger.note_call)
