"""Coverage: which communes a free vehicle reaches in time, when one falls out, and when somebody is warned.

A commune falls when it was covered and is beyond the threshold in two looks in a row, and is covered again when it is
within it in two looks in a row: one that is at the threshold itself does not come and go. What was never covered cannot
fall. While anything is fallen, one alarm stands for the SAMU and the volume: it rings again when more people fall out,
and is over when the last of them is covered again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from domain.alarm_facts import AlarmClosed, AlarmRaised
from domain.duty_facts import CommuneBeyond, CoverageLost, CoverageRestored, DutyFact, of_samu
from domain.eligibility import Arrival, Terms, VehicleState, judge_vehicle
from domain.fleet import Volume
from domain.policy import Policy
from domain.vocabulary import AlarmKind, VehicleVerdict

RING_AGAIN = timedelta(minutes=10)
"""An alarm that stands rings again for more people at most this often."""
MOST_NAMED = 100
"""So many communes are named in a fact, the most populous; the others are counted."""
AT_THE_DOOR = Arrival(earliest_s=0, latest_s=0, way_s=0)
ANY_DELAY_MINUTES = 1


def could_serve(state: VehicleState, volume: Volume, at: datetime, policy: Policy) -> bool:
    """Whether a vehicle would be asked for this volume if it stood at the door: its distance left out, all else judged.

    A vehicle on guard is judged for its own sector (rule 12).
    """
    near = state._replace(arrival=AT_THE_DOOR, cut_off=False)
    judged = judge_vehicle(near, Terms(volume, ANY_DELAY_MINUTES, at, policy))
    return judged.verdict is VehicleVerdict.SOLICITED


@dataclass(frozen=True, slots=True)
class Commune:
    """Where people live: INSEE code, name, how many they are."""

    insee: str
    name: str
    population: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look found: the minutes from the nearest free vehicle to a commune; ``None`` when nobody can come."""

    commune: Commune
    minutes: int | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a commune stood at the last look. There is none for one that was never covered.

    ``covered`` is false once it has fallen. ``since`` is when it came to stand so, on its side of the threshold: a
    commune that is ``covered`` and whose ``minutes`` are beyond was so in one look, and falls at the next; one that has
    fallen and whose ``minutes`` are within was so in one look, and is covered at the next.
    """

    covered: bool
    since: datetime
    minutes: int | None


@dataclass(frozen=True, slots=True)
class Ringing:
    """The alarm that stands, if one does."""

    alarm_id: UUID
    level: int
    raised_at: datetime


@dataclass(frozen=True, slots=True)
class Watched:
    """Whose coverage is looked at, and by what measure.

    ``threshold`` in minutes; ``None``: the SAMU does not want to be warned. Two looks count as two when they are
    ``apart`` at least: several processes may look at the same SAMU.
    """

    samu_id: UUID
    volume: Volume
    threshold: int | None
    apart: timedelta

    @classmethod
    def by(cls, policy: Policy, samu_id: UUID, volume: Volume) -> "Watched":
        """As the SAMU's policy says."""
        apart = timedelta(seconds=policy.coverage_look_every_s) / 2
        return cls(samu_id, volume, policy.coverage_alarm_minutes, apart)

    def is_beyond(self, minutes: int | None) -> bool:
        """Whether nobody is there within the threshold."""
        return self.threshold is not None and (minutes is None or minutes > self.threshold)


@dataclass(frozen=True, slots=True)
class Moment:
    """When a look is made, and when the alarm that stands rang the last time (now, if none does)."""

    at: datetime
    rung_at: datetime


@dataclass(frozen=True, slots=True)
class Look:
    """What a look changes: how communes stand now, which stand nowhere any more, and what is told."""

    standings: Mapping[str, Standing]
    """By INSEE code, those that differ from before."""
    gone: frozenset[str]
    facts: tuple[DutyFact, ...]


def look(
    watched: Watched,
    before: Mapping[str, Standing],
    seen: Sequence[Seen],
    ringing: Ringing | None,
    at: datetime,
) -> Look:
    """Judge one look. A commune that is not looked at any more has not fallen, nor has any without a threshold."""
    rung_at = ringing.raised_at if ringing else at
    standings = {}
    if watched.threshold is not None:
        standings = _standings(watched, before, seen, Moment(at, rung_at))
    fallen = [each for each in seen if _has_fallen(standings.get(each.commune.insee))]
    new = [each for each in fallen if not _has_fallen(before.get(each.commune.insee))]
    return Look(
        {insee: one for insee, one in standings.items() if before.get(insee) != one},
        frozenset(before) - frozenset(standings),
        (
            *_lost(watched, new, fallen, at),
            *_alarm(watched, [standings[each.commune.insee] for each in fallen], ringing, at),
        ),
    )


def gaps(seen: Iterable[Seen], threshold: int | None) -> list[Seen]:
    """Every commune beyond the threshold, fallen or never covered: the most populous first."""
    beyond = [each for each in seen if threshold is not None and _later(each.minutes, threshold)]
    return sorted(beyond, key=_most_people_first)


def _later(minutes: int | None, threshold: int) -> bool:
    return minutes is None or minutes > threshold


def _most_people_first(seen: Seen) -> tuple[int, str]:
    return -seen.commune.population, seen.commune.insee


def _standings(
    watched: Watched, before: Mapping[str, Standing], seen: Iterable[Seen], now: Moment
) -> dict[str, Standing]:
    judged = (
        (each.commune.insee, _standing(watched, before.get(each.commune.insee), each, now)) for each in seen
    )
    return {insee: standing for insee, standing in judged if standing is not None}


def _standing(watched: Watched, was: Standing | None, seen: Seen, now: Moment) -> Standing | None:
    """How a commune stands after a look: it changes when two looks in a row say so."""
    is_beyond = watched.is_beyond(seen.minutes)
    if was is None:
        return None if is_beyond else Standing(covered=True, since=now.at, minutes=seen.minutes)
    same = replace(was, minutes=seen.minutes)
    is_other = is_beyond == was.covered
    if is_beyond != watched.is_beyond(was.minutes):
        # one that was within in a single look did not fall anew: the alarm that rang for it does not ring again
        back = now.at if was.covered or is_other else now.rung_at
        return replace(same, since=back)
    if is_other and now.at - was.since >= watched.apart:
        return Standing(covered=not was.covered, since=now.at, minutes=seen.minutes)
    return same


def _has_fallen(standing: Standing | None) -> bool:
    return standing is not None and not standing.covered


def _lost(
    watched: Watched, new: Sequence[Seen], fallen: Sequence[Seen], at: datetime
) -> tuple[DutyFact, ...]:
    if not new or watched.threshold is None:
        return ()
    named = sorted(new, key=_most_people_first)[:MOST_NAMED]
    body = CoverageLost(
        volume=watched.volume,
        threshold_minutes=watched.threshold,
        communes=tuple(
            CommuneBeyond(
                insee=each.commune.insee,
                name=each.commune.name,
                population=each.commune.population,
                minutes=each.minutes,
            )
            for each in named
        ),
        commune_count=len(new),
        population=sum(each.commune.population for each in new),
        uncovered_communes=len(fallen),
        uncovered_population=sum(each.commune.population for each in fallen),
    )
    return (of_samu(watched.samu_id, body, at),)


def _alarm(
    watched: Watched, fallen: Sequence[Standing], ringing: Ringing | None, at: datetime
) -> tuple[DutyFact, ...]:
    """Raise it, ring again, or say that it is over."""
    if not fallen:
        return _over(watched, ringing, at) if ringing else ()
    if ringing is None:
        name = f"coverage:{watched.volume}:{at.isoformat()}"
        return (_raised(watched, uuid5(watched.samu_id, name), 1, at),)
    more = any(each.since > ringing.raised_at for each in fallen if watched.is_beyond(each.minutes))
    if more and at - ringing.raised_at >= RING_AGAIN:
        return (_raised(watched, ringing.alarm_id, ringing.level + 1, at),)
    return ()


def _raised(watched: Watched, alarm_id: UUID, level: int, at: datetime) -> DutyFact:
    body = AlarmRaised(alarm=AlarmKind.COVERAGE_LOST, alarm_id=alarm_id, level=level, volume=watched.volume)
    return of_samu(watched.samu_id, body, at)


def _over(watched: Watched, ringing: Ringing, at: datetime) -> tuple[DutyFact, ...]:
    restored = CoverageRestored(volume=watched.volume, threshold_minutes=watched.threshold)
    closed = AlarmClosed(alarm_id=ringing.alarm_id, alarm=AlarmKind.COVERAGE_LOST)
    return of_samu(watched.samu_id, restored, at), of_samu(watched.samu_id, closed, at)
