"""The search of one demand: its rounds, its tiers, their countdowns, and arbitration.

A round is one pass through the procedure; a new one begins when the terms change (rule 91) or a vehicle is lost
(rule 92). The search never reads a clock: every method is told what time it is.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from domain import facts
from domain.alarms import AlarmBoard
from domain.asking import opened, revised
from domain.edition import Edition
from domain.ledger import Ledger
from domain.messages import Candidate
from domain.people import Actor
from domain.policy import Policy
from domain.solicitation import Solicitation, SolicitationBook, target_of
from domain.vocabulary import AlarmKind, DemandStatus, SolicitationState, Tier, WithdrawalReason

State = SolicitationState

SURVEYS_PER_WAIT = 10
"""In arbitration the pause between two surveys is a tenth of the time already waited."""


@dataclass(slots=True)
class Search:
    """Who is asked, in which tier, until when."""

    policy: Policy
    ledger: Ledger
    book: SolicitationBook
    alarms: AlarmBoard
    started_at: datetime
    max_delay_minutes: int
    agreed_deadline: datetime
    to_ask: list[Tier]
    round: int = 1
    status: DemandStatus = DemandStatus.RECEIVED
    tier: Tier | None = None
    tier_deadline: datetime | None = None
    opened: set[Tier] = field(default_factory=set)
    survey_at: datetime | None = None
    looking: bool = False
    """A look for newcomers is under way, as whoever drives the procedure says: meanwhile none falls due."""
    waves_left: bool = False
    arbitration_since: datetime | None = None
    arbitration_alarms: int = 0
    carence_proposed: bool = False
    amended: bool = False
    promised: UUID | None = None
    mark: int = 0

    # -- tiers ---------------------------------------------------------------------------------------------------

    def open_tier(self, tier: Tier, candidates: Iterable[Candidate], at: datetime) -> None:
        """Ask a tier; without a candidate it takes no time (rule 8)."""
        candidates = tuple(candidates)
        if not self.opened:
            # The machine's time begins now, even if the engine was away since the reception.
            self.started_at = at
        if self.amended:
            self.amended = False
            self._reevaluate(candidates, at)
        self.to_ask.remove(tier)
        self.opened.add(tier)
        of_tier = [c for c in candidates if c.tier is tier]
        kept = [s for s in self.book.still_open(tier) if s.round == self.round]
        if not of_tier and not kept:
            self.ledger.add(facts.TierSkipped(tier=tier, round=self.round), at)
            return
        self.tier, self.status = tier, tier.status
        self.tier_deadline = min(at + self._window(tier), self.machine_limit)
        self.mark += 1
        body = facts.TierOpened(
            tier=tier, round=self.round, tier_deadline=self.tier_deadline, candidates=len(of_tier)
        )
        self.ledger.add(body, at)
        self.solicit(candidates, at)
        self.settle(at)

    def solicit(self, candidates: Iterable[Candidate], at: datetime) -> None:
        """Ask every candidate of the tiers reached that was not asked yet: newcomers too (rule 6)."""
        candidates = tuple(candidates)
        self._reserve_for_the_guard(candidates, at)
        asked = {s.target for s in self.book.still_open()}
        fresh = [
            c
            for c in candidates
            if c.tier in self.opened and target_of(c) not in asked and self.book.may_ask(c, self.round)
        ]
        wave = self._wave(fresh)
        self.waves_left = len(wave) < len(fresh)
        for candidate in wave:
            self.ask(candidate, at, self._answer_before(candidate.tier, at))
        self._plan_survey(at)

    def _reserve_for_the_guard(self, candidates: tuple[Candidate, ...], at: datetime) -> None:
        """A vehicle whose guard began meanwhile is asked as guard, and for nothing else (rule 55)."""
        on_guard = {c.vehicle_id for c in candidates if c.tier is Tier.GUARD}
        asked = [s for s in self.book.still_open(Tier.VEHICLE) if s.candidate.vehicle_id in on_guard]
        self.withdraw(asked, WithdrawalReason.VEHICLE_ON_GUARD, at)

    def _wave(self, fresh: list[Candidate]) -> list[Candidate]:
        """Whom of these to ask now.

        Guard vehicles one after the other: the next one when nobody is asked who has not been rung twice (rules 12
        and 13). All others together, or in waves where the SAMU chose so (rule 6).
        """
        if self.tier is Tier.GUARD:
            awaited = any(not s.rung for s in self.book.still_open(Tier.GUARD))
            return [] if awaited else fresh[:1]
        return fresh[: self.policy.wave_size] if self.policy.wave_size else fresh

    def ask(self, candidate: Candidate, at: datetime, answer_before: datetime) -> Solicitation:
        """Open one solicitation and tell its company."""
        made = self.book.open(candidate, self.round, at, answer_before)
        self.ledger.add(opened(made), at, made.company_id)
        return made

    def settle(self, at: datetime) -> None:
        """Close the tier if nothing in it is open: early when all have answered (rule 8)."""
        if self.arbitration_since is not None and self.alarms.edition >= Edition.REGULATION:
            self.propose_carence(at)  # the last one who rang in arbitration has answered
        if self.tier is None or self.book.still_open(self.tier):
            return
        if self.waves_left:
            self.survey_at = at
            self.mark += 1
            return
        self._close_tier(at)

    def leave_tier(self, at: datetime, by: Actor, reason: str | None) -> None:
        """Close the running tier before its time; whoever rings goes on ringing, and may still win."""
        self._close_tier(at, by, reason)

    def _close_tier(self, at: datetime, by: Actor | None = None, reason: str | None = None) -> None:
        assert self.tier is not None  # noqa: S101 - only called while a tier runs
        self.ledger.add(facts.TierClosed(tier=self.tier, round=self.round, reason=reason, by=by), at)
        self.tier = self.tier_deadline = None
        self.waves_left = False
        self.mark += 1

    def withdraw(self, solicitations: Iterable[Solicitation], reason: WithdrawalReason, at: datetime) -> None:
        """Take open solicitations back; their devices stop ringing."""
        for each in solicitations:
            each.close(State.WITHDRAWN)
            each.withdrawn_for = reason
            body = facts.SolicitationWithdrawn(solicitation_id=each.id, reason=reason)
            self.ledger.add(body, at, each.company_id)

    def stop(self, won: Solicitation, at: datetime) -> None:
        """Nobody is looked for any more: whoever was asked is told at once (rule 28)."""
        self.withdraw(self.book.still_open(), WithdrawalReason.ALREADY_ASSIGNED, at)
        self.lapse(WithdrawalReason.ALREADY_ASSIGNED, at, kept=won.promise)
        self.tier = self.tier_deadline = self.promised = self.arbitration_since = None
        self.waves_left = False
        self.mark += 1
        self.alarms.close(at, AlarmKind.ARBITRATION_WAITING)

    def dismiss(self, reason: WithdrawalReason, at: datetime) -> None:
        """Tell everybody who was asked, or who promised, that it is over."""
        self.withdraw(self.book.still_open(), reason, at)
        self.lapse(reason, at)

    def lapse(self, reason: WithdrawalReason, at: datetime, *, kept: UUID | None = None) -> None:
        """Standing counter-proposals bind nobody any more; their companies may use their vehicles again."""
        for each in self.book.counter_proposals():
            if each.id == kept:
                each.counter_won = True  # the promise by which the mission was won does not lapse
                continue
            each.counter_settled = True
            body = facts.CounterProposalLapsed(
                solicitation_id=each.id, company_id=each.company_id, reason=reason
            )
            self.ledger.add(body, at, each.company_id)

    def new_round(self, to_ask: list[Tier], at: datetime, *, amended: bool = False) -> None:
        """Begin the procedure again; ``amended`` terms are held against the running solicitations first."""
        self.round += 1
        self.amended = amended
        self.to_ask, self.opened = to_ask, set()
        self.status, self.tier, self.tier_deadline = DemandStatus.RECEIVED, None, None
        self.started_at, self.survey_at = at, None
        self.arbitration_since, self.arbitration_alarms = None, 0
        self.carence_proposed, self.promised, self.waves_left = False, None, False
        self.mark += 1
        self.alarms.close(at, AlarmKind.ARBITRATION_WAITING)

    def _reevaluate(self, candidates: Iterable[Candidate], at: datetime) -> None:
        """After an amendment: who still fits stays asked on the new terms, the others are withdrawn (rule 91)."""
        if self.alarms.edition >= Edition.OPERATORS:
            # Promised while we looked: nobody had told them yet.
            self.lapse(WithdrawalReason.DEMAND_AMENDED, at)
        fits = {target_of(c): c for c in candidates}
        for each in self.book.still_open():
            candidate = fits.get(each.target)
            if candidate is None:
                self.withdraw([each], WithdrawalReason.DEMAND_AMENDED, at)
            else:
                self._revise(each, candidate, min(at + self._window(each.tier), self.machine_limit), at)

    def _revise(self, each: Solicitation, candidate: Candidate, until: datetime, at: datetime) -> None:
        each.candidate, each.round, each.rung = candidate, self.round, False
        each.answer_before = until
        self.ledger.add(revised(each, self.alarms.edition), at, each.company_id)

    # -- arbitration ---------------------------------------------------------------------------------------------

    def open_arbitration(self, at: datetime) -> None:
        """Nobody accepted: bring the counter-proposals to the SAMU (rule 10)."""
        best = self.book.counter_proposals()
        self.status, self.arbitration_since = DemandStatus.ARBITRATION, at
        self.mark += 1
        body = facts.ArbitrationOpened(
            round=self.round, counter_proposals=len(best), best=best[0].id if best else None
        )
        self.ledger.add(body, at)
        self.propose_carence(at)
        self._plan_survey(at)

    def accept_promise(self, counter: Solicitation, at: datetime, deadline: datetime) -> Solicitation:
        """The demand goes back to the company in free choice, with the accepted delay (rule 11).

        Where it rings in free choice already, as the patient's own, that becomes the promise: it is not asked beside it.
        """
        candidate = Candidate(
            tier=Tier.FREE_CHOICE,
            company_id=counter.company_id,
            eta_minutes=counter.counter_delay_minutes,
            exact_volume=counter.candidate.exact_volume,
        )
        until = at + timedelta(seconds=self.policy.free_choice_s)
        made = self._rings_in_free_choice(counter.company_id)
        if made is None:
            made = self.ask(candidate, at, until)
        else:  # never withdrawn and asked anew: its yes may be on its way
            made.patients_choice = True
            self._revise(made, candidate, max(until, made.answer_before), at)
        made.arrival_deadline, made.promise = deadline, counter.id
        self.status, self.promised = DemandStatus.SOLICITING_FREE_CHOICE, made.id
        self.mark += 1
        self.alarms.close(at, AlarmKind.ARBITRATION_WAITING)
        return made

    def _rings_in_free_choice(self, company_id: UUID) -> Solicitation | None:
        if self.alarms.edition < Edition.REVIEW:
            return None
        asked = self.book.still_open(Tier.FREE_CHOICE)
        return next((each for each in asked if each.company_id == company_id), None)

    def break_promise(self, free_choice: Solicitation, at: datetime) -> None:
        """The company did not stand by its counter-delay: back to arbitration, without it (rule 11)."""
        counter = self.book.get(free_choice.promise) if free_choice.promise else None
        if counter is not None:
            counter.counter_settled = True
        self.promised, self.status = None, DemandStatus.ARBITRATION
        self.arbitration_since, self.arbitration_alarms = at, 0  # the SAMU is awaited anew
        self.mark += 1
        body = facts.PromiseWithdrawn(
            solicitation_id=free_choice.promise or free_choice.id,
            company_id=free_choice.company_id,
            deadline=self.agreed_deadline,
        )
        self.ledger.add(body, at, free_choice.company_id)
        self.propose_carence(at)

    def propose_carence(self, at: datetime) -> None:
        """Propose it once a round: when nobody is left to arbitrate, or the machine searched long enough."""
        nobody = not self.book.counter_proposals() and self.promised is None and not self._somebody_rings()
        if not self.carence_proposed and (nobody or at >= self.machine_limit):
            self.carence_proposed = True
            self.ledger.add(facts.CarenceProposed(round=self.round), at)

    def _somebody_rings(self) -> bool:
        """Whether somebody may still accept: at night the guard is often the last tier, and rings on in arbitration."""
        return self.alarms.edition >= Edition.REGULATION and bool(self.book.still_open())

    # -- time ----------------------------------------------------------------------------------------------------

    @property
    def machine_limit(self) -> datetime:
        """The machine never searches longer than this alone; then the SAMU sees everything."""
        return self.started_at + timedelta(seconds=self.policy.machine_search_s)

    def next_moment(self) -> datetime | None:
        """The next time at which something is due, if nobody speaks before."""
        ringing = self.book.still_open()
        moments = [s.answer_before for s in ringing]
        moments += [due for s in ringing if (due := self._ring_at(s))]
        look_at = None if self.looking else self.survey_at
        moments += [due for due in (self.tier_deadline, look_at, self._arbitration_due()) if due]
        return min(moments, default=None)

    def pass_time(self, at: datetime) -> None:
        """Do what is due: expire, ring again, end the tier, warn the SAMU."""
        self._expire(at)
        self._ring(at)
        if self.tier_deadline and at >= self.tier_deadline:
            self._close_tier(at)
        self.settle(at)
        self._warn_samu(at)

    def survey_is_due(self, at: datetime) -> bool:
        """Whether the fleet must be looked at again, for newcomers; not between two tiers: the next one looks itself."""
        if self.looking or self.survey_at is None or at < self.survey_at:
            return False
        if self.alarms.edition < Edition.REVIEW:
            return True
        return self.tier is not None or self.arbitration_since is not None

    def _expire(self, at: datetime) -> None:
        for each in self.book.still_open():
            if at < each.answer_before:
                continue
            each.close(State.EXPIRED)
            self.ledger.add(facts.SolicitationExpired(solicitation_id=each.id), at, each.company_id)
            if each.id == self.promised:
                self.break_promise(each, at)

    def _ring(self, at: datetime) -> None:
        due = [s for s in self.book.still_open() if (ring_at := self._ring_at(s)) and at >= ring_at]
        self.ring(due, at)
        for each in due:
            each.rung = True
        if self.tier is Tier.GUARD and due and self.waves_left:
            self.survey_at = at  # no answer so far: the next guard vehicle is asked as well

    def ring(
        self, asked: list[Solicitation], at: datetime, by: Actor | None = None, reason: str | None = None
    ) -> None:
        """Tell each company once more of its solicitations among these; their countdowns stay as they are."""
        for company_id in dict.fromkeys(s.company_id for s in asked):
            ids = tuple(s.id for s in asked if s.company_id == company_id)
            body = facts.SolicitationsRung(company_id=company_id, solicitation_ids=ids, reason=reason, by=by)
            self.ledger.add(body, at, company_id)

    def _ring_at(self, each: Solicitation) -> datetime | None:
        seconds = {Tier.GUARD: self.policy.guard_ring_again_s, Tier.VEHICLE: self.policy.second_ring_s}
        if each.rung or each.tier not in seconds:
            return None
        ring_at = each.opened_at + timedelta(seconds=seconds[each.tier])
        return ring_at if ring_at < each.answer_before else None

    def _warn_samu(self, at: datetime) -> None:
        if self.arbitration_since is None or self.status is not DemandStatus.ARBITRATION:
            return
        while (due := self._alarm_at()) and at >= due:
            self.arbitration_alarms += 1
            self.alarms.sound(AlarmKind.ARBITRATION_WAITING, at)
        self.propose_carence(at)

    def _arbitration_due(self) -> datetime | None:
        if self.status is not DemandStatus.ARBITRATION:
            return None
        limit = None if self.carence_proposed else self.machine_limit
        return min((due for due in (self._alarm_at(), limit) if due), default=None)

    def _alarm_at(self) -> datetime | None:
        alarms = self.policy.arbitration_alarms_s
        if self.arbitration_since is None or self.arbitration_alarms >= len(alarms):
            return None
        return self.arbitration_since + timedelta(seconds=alarms[self.arbitration_alarms])

    def _window(self, tier: Tier) -> timedelta:
        windows = self.policy.windows(self.max_delay_minutes)
        seconds = {
            Tier.GUARD: windows.guard_s,
            Tier.VEHICLE: windows.vehicles_s,
            Tier.SITE: windows.sites_s,
            Tier.FREE_CHOICE: self.policy.free_choice_s,
        }
        return timedelta(seconds=seconds[tier])

    def _answer_before(self, tier: Tier, at: datetime) -> datetime:
        """A newcomer late in its tier still gets a fair window; in a later tier or arbitration a whole one.

        So does each guard vehicle: the others are not kept waiting for the last of them.
        """
        if tier is self.tier and tier is not Tier.GUARD and self.tier_deadline:
            return max(self.tier_deadline, at + timedelta(seconds=self.policy.newcomer_window_s))
        return at + self._window(tier)

    def _plan_survey(self, at: datetime) -> None:
        """Look again soon while tiers run, then ever more rarely: a waiting demand must not grow without end."""
        pause = self.policy.wave_every_s if self.waves_left else self.policy.resurvey_s
        if self.arbitration_since is not None:
            waited = (at - self.arbitration_since).total_seconds()
            pause = min(max(pause, round(waited / SURVEYS_PER_WAIT)), self.policy.resurvey_slowest_s)
        self.survey_at = at + timedelta(seconds=pause)
