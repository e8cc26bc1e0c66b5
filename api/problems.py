"""Every way to say no: one drawn table of stable codes, answered as RFC 9457 problem documents."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue
from starlette.responses import JSONResponse

from domain.messages import Reply
from domain.outcomes import Outcome

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:rescousse:problem:"
UNPROCESSABLE = 422
CONFLICT = 409
RETRY_AFTER_SECONDS = 1
"""What a caller is asked to wait after a 503."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem: its HTTP status, its title and what a person can do about it."""

    status: int
    title: str
    detail: str


def _refusal(title: str, detail: str) -> Kind:
    return Kind(CONFLICT, title, detail)


KINDS: Mapping[str, Kind] = {
    # -- who is calling
    "missing_credentials": Kind(
        401, "Not logged in", "Send a token (Authorization: Bearer …) or a key (X-API-Key)."
    ),
    "invalid_credentials": Kind(
        401, "Credentials refused", "The user name, password, token or key is not valid."
    ),
    "token_expired": Kind(401, "Token expired", "Ask for a new access token with the refresh token."),
    "session_ended": Kind(401, "Logged out", "This login has ended: log in again."),
    "too_many_attempts": Kind(429, "Too many attempts", "Wait before you try to log in again."),
    "too_many_requests": Kind(
        429, "Too many requests", "Wait as long as Retry-After says: the first answer counts, not the last."
    ),
    "not_found": Kind(404, "Not found", "There is nothing here, or it is not yours to see."),
    "method_not_allowed": Kind(
        405, "Method not allowed", "This address does not take this method: see the header Allow."
    ),
    # -- what was sent
    "invalid_request": Kind(
        UNPROCESSABLE, "Request refused", "Correct what `errors` names and send it again."
    ),
    "malformed_body": Kind(
        UNPROCESSABLE, "Body not readable", "The body is not the JSON or form that is expected."
    ),
    "head_too_large": Kind(
        431, "Head too large", "The address and the headers are longer than this server takes."
    ),
    "malformed_request": Kind(
        400,
        "Request not readable",
        "This is not HTTP, or its address and headers are longer than this server takes.",
    ),
    "unsupported_media_type": Kind(
        415, "Media type not supported", "Send the body as application/json (a token request as a form)."
    ),
    "body_too_large": Kind(413, "Body too large", "The body is longer than this server takes."),
    "body_too_slow": Kind(408, "Body too slow", "The body did not arrive in time: send the request again."),
    "device_required": Kind(
        UNPROCESSABLE,
        "Device required",
        "Register this device (POST /v1/devices) and send its id as X-Device-Id.",
    ),
    "device_closed": _refusal(
        "Device closed", "This device was logged out or replaced: log in and register it again."
    ),
    "outside_area": Kind(UNPROCESSABLE, "Outside the area", "The place is outside the area of this SAMU."),
    "unknown_company": Kind(
        UNPROCESSABLE, "Unknown company", "This company is unknown, or your SAMU may not solicit it."
    ),
    "unknown_facility": Kind(UNPROCESSABLE, "Unknown facility", "Take a facility from GET /v1/facilities."),
    "unknown_sector": Kind(
        UNPROCESSABLE, "Unknown sector", "Take a guard sector from GET /v1/guard/sectors."
    ),
    "unknown_teammate": Kind(
        UNPROCESSABLE,
        "Unknown teammate",
        "Take somebody from GET /v1/guard/teammates, or enter a name and a diploma.",
    ),
    "invalid_roster": Kind(
        UNPROCESSABLE, "Roster refused", "Nothing was imported: correct what `errors` names, all of it."
    ),
    "samu_required": Kind(UNPROCESSABLE, "SAMU required", "Say whose roster this is (`samu_id`)."),
    "too_many_cells": Kind(
        UNPROCESSABLE, "Too many cells", "One answer does not have so many: ask for a coarser resolution."
    ),
    "until_in_the_past": Kind(UNPROCESSABLE, "Already over", "`until` must lie in the future."),
    "idempotency_mismatch": _refusal(
        "Key used before", "This Idempotency-Key was used with another request: take a new key."
    ),
    "idempotency_in_progress": _refusal(
        "Still being answered", "The first request with this key is still being answered: ask again."
    ),
    "reference_reused": _refusal(
        "Reference used before", "This reference was used for a demand with another content."
    ),
    # -- outages
    "engine_unavailable": Kind(
        503, "Engine unavailable", "Nothing is lost: send the same request again, with the same key."
    ),
    "database_unavailable": Kind(
        503, "Database unavailable", "Nothing is lost: send the same request again, with the same key."
    ),
    "too_busy": Kind(
        503, "Too busy", "Nothing of this was kept: send the same request again, as Retry-After says."
    ),
    "stopping": Kind(
        503, "Stopping", "This process ends: send the same request again, with the same key, to the next one."
    ),
    "not_ready": Kind(503, "Not ready", "This process cannot serve yet."),
    "internal_error": Kind(500, "Internal error", "The fault is ours, and was written down."),
    # -- refusals by the rules: the values of domain.outcomes.Outcome
    "claim_allowed": _refusal("Not confirmed", "The acceptance was not confirmed: send it again."),
    "already_assigned": _refusal("Already assigned", "Another vehicle has this mission (déjà attribuée)."),
    "too_late": _refusal("Too late", "The time to answer this solicitation is over."),
    "demand_closed": _refusal("Demand closed", "This demand has ended."),
    "solicitation_unknown": Kind(404, "Not found", "There is nothing here, or it is not yours to see."),
    "solicitation_closed": _refusal("Solicitation closed", "This solicitation was taken back or replaced."),
    "guard_must_accept": _refusal(
        "Guard must accept", "A vehicle on guard cannot refuse: declare it unavailable, with the reason."
    ),
    "not_a_guard_solicitation": _refusal(
        "Not a guard solicitation", "Only a vehicle on guard is declared unavailable: refuse instead."
    ),
    "counter_delay_not_longer": _refusal(
        "Counter-delay not longer", "A counter-delay must be longer than the delay asked for."
    ),
    "counter_delay_too_long": _refusal("Counter-delay too long", "A counter-delay is at most 240 minutes."),
    "vehicle_required": _refusal("Vehicle required", "Name the vehicle that will go (`vehicle_id`)."),
    "vehicle_not_solicited": _refusal(
        "Another vehicle was solicited", "Accept with the vehicle that was solicited; swap it afterwards."
    ),
    "vehicle_unknown": _refusal("Vehicle unknown", "This vehicle is not one of your company's."),
    "vehicle_engaged": _refusal("Vehicle engaged", "This vehicle is on a mission already."),
    "vehicle_on_guard": _refusal("Vehicle on guard", "This vehicle is on guard: it is reserved to the SAMU."),
    "vehicle_too_small": _refusal("Vehicle too small", "This vehicle does not have the volume asked for."),
    "not_in_arbitration": _refusal("Not in arbitration", "There is nothing to arbitrate at this moment."),
    "counter_proposal_unknown": _refusal(
        "No such counter-proposal", "This counter-proposal does not stand, or stands no longer."
    ),
    "reason_required": _refusal("Reason required", "Choosing another than the best needs a reason."),
    "carence_not_proposed": _refusal(
        "Carence not proposed", "The carence can be declared once the search has found nobody."
    ),
    "too_late_to_cancel": _refusal("Too late to cancel", "The patient is on board already."),
    "too_late_to_reassign": _refusal("Too late to reassign", "The patient is on board already."),
    "no_tier_running": _refusal("No tier is running", "Nobody is asked tier by tier at this moment."),
    "nothing_to_ring": _refusal("Nothing to ring", "Nobody is awaited who could be told once more."),
    "rung_just_now": _refusal("Rung just now", "It was rung a moment ago: leave them the time to answer."),
    "too_late_to_amend": _refusal("Too late to amend", "The patient is on board already."),
    "no_position": _refusal(
        "No position", "Nobody has heard where this vehicle is: send its position, or telephone."
    ),
    "no_destination": _refusal(
        "No destination", "No facility was given yet (PUT …/destination): ask for `to=pickup`."
    ),
    "mission_unknown": Kind(404, "Not found", "There is nothing here, or it is not yours to see."),
    "mission_ended": _refusal("Mission ended", "This mission is over."),
    "wrong_step": _refusal("Wrong step", "The steps have one order: pass the expected one."),
    "step_not_last": _refusal("Not the last step", "Only the last step can be taken back."),
    "undo_too_late": _refusal("Too late to undo", "The delay to take this step back is over."),
    "no_transport_not_allowed": _refusal(
        "No transport not allowed", "Ending without transport is possible right after BILAN_REALISE."
    ),
    "backdated_too_far": _refusal(
        "Too long ago", "A regulator may tell a step at most 30 minutes later: let the crew tell older ones."
    ),
    "destination_too_early": _refusal(
        "Too early for a destination",
        "The crew is told where to at the bilan: pass the steps up to LIEU_INTERVENTION first.",
    ),
    "destination_given_by_samu": _refusal(
        "Given by the SAMU", "The SAMU itself has given another destination: only the SAMU changes it."
    ),
    "lease_lost": _refusal("Regulation lost", "This device does not regulate: take the regulation first."),
    "lease_held_elsewhere": _refusal("Regulated elsewhere", "Another device regulates this site."),
    "handover_unknown": _refusal("No such hand-over", "This site was not offered to this device."),
    "confirmation_required": _refusal(
        "Confirmation required", "Something is still running here: repeat with confirm=true."
    ),
    "push_not_configured": _refusal(
        "No notifications", "This platform sends no notifications: keep the page open, it rings by itself."
    ),
    "push_host_refused": Kind(
        UNPROCESSABLE,
        "Push service not allowed",
        "This browser's push service is not among those that the platform calls: tell its operator (push_hosts).",
    ),
    "phone_required": _refusal("Phone required", "This is done on a phone (a device of kind MOBILE)."),
    "phone_on_guard": _refusal("Phone on guard", "This phone is on guard: it regulates nothing meanwhile."),
    "not_the_guard_phone": _refusal(
        "Not the guard's phone", "Only the phone of the guard crew in this vehicle answers for it."
    ),
    "not_in_this_vehicle": _refusal(
        "Not in this vehicle",
        "This phone is not in the mission's vehicle: declare your crew in it (PUT /v1/vehicles/{id}/crew), "
        "regulate its site, or let the regulator do it.",
    ),
    "company_not_regulated": _refusal(
        "Nobody regulates",
        "Nobody of this company would receive it: telephone, choose another, or confirm=true.",
    ),
    "alarm_closed": _refusal("Alarm closed", "What it warned of is over: nobody need look after it."),
    # -- the guard
    "guard_ended": _refusal("Guard ended", "This vehicle is on guard no more."),
    "guard_not_rostered": _refusal(
        "Not in the roster",
        "This period is not in the roster any more: take one from GET /v1/guard/periods, or report yours missing.",
    ),
    "guard_not_yet_open": _refusal("Too early", "A guard is opened at most 15 minutes before its period."),
    "guard_period_over": _refusal("Period over", "This period is over: take the next one."),
    "guard_period_invalid": _refusal("No such period", "A guard lasts from a minute to 26 hours."),
    "guard_period_offered": _refusal(
        "Not missing", "The roster has a period of yours for this sector now (`period_id`): open that one."
    ),
    "guard_already_open": _refusal("Already on guard", "Another crew is on guard for this period."),
    "guard_already_settled": _refusal("Already decided", "This guard was approved or refused before."),
    "guard_phone_taken": _refusal(
        "Phone on guard elsewhere", "This phone is on guard in another vehicle: end that guard first."
    ),
    "guard_vehicle_taken": _refusal(
        "Vehicle on guard",
        "This vehicle is on another guard: end it first, or open the period that follows it.",
    ),
    "vehicle_category_refused": _refusal(
        "Vehicle not suitable", "A guard is kept with a vehicle of category A or C."
    ),
    "lease_held": _refusal("Regulation held", "This phone regulates: give the regulation up first."),
    "shift_busy": _refusal(
        "Still busy",
        "Answer, or finish the mission first: after its end this guard closes by itself when the vehicle is free.",
    ),
}


class Problem(Exception):  # noqa: N818 - the word of RFC 9457
    """A request that is answered with a problem document. Never holds what the caller sent."""

    def __init__(
        self,
        code: str,
        detail: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        **members: JsonValue,
    ) -> None:
        """Take a code of KINDS; ``members`` are added to the document (``expected_step``, ``errors``…)."""
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.members = members

    @property
    def kind(self) -> Kind:
        """What the table says of the code."""
        return KINDS[self.code]

    @property
    def document(self) -> dict[str, JsonValue]:
        """The problem document (RFC 9457)."""
        kind = self.kind
        return {
            "type": TYPE_PREFIX + self.code,
            "title": kind.title,
            "status": kind.status,
            "detail": self.detail or kind.detail,
            "code": self.code,
            **{name: value for name, value in self.members.items() if value is not None},
        }

    def response(self) -> JSONResponse:
        """The HTTP answer."""
        return JSONResponse(self.document, self.kind.status, self._all_headers(), MEDIA_TYPE)

    def _all_headers(self) -> dict[str, str]:
        headers = dict(self.headers)
        if self.kind.status == 401:  # noqa: PLR2004 - HTTP
            headers.setdefault("WWW-Authenticate", "Bearer")
        if self.kind.status in {408, 413, 431}:  # what still comes of this request is not waited for
            headers.setdefault("Connection", "close")
        if self.kind.status == 503:  # noqa: PLR2004 - HTTP
            headers.setdefault("Retry-After", str(RETRY_AFTER_SECONDS))
        return headers


def check(reply: Reply) -> Reply:
    """Give back a reply that was taken; raise the problem of one that a rule refused."""
    if not reply.outcome.accepted:
        raise refused(reply.outcome, reply.expected_step)
    return reply


def refused(outcome: Outcome, expected_step: str | None = None) -> Problem:
    """The problem for a refusal by the rules."""
    detail = None
    if outcome is Outcome.WRONG_STEP and expected_step:
        detail = f"The steps have one order: the next one is {expected_step}."
    return Problem(outcome.value, detail, expected_step=expected_step)
