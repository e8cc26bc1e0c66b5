"""A demand in sentences for its operators, as Markdown: no patient, no place, nothing that a company would not know."""

from collections import Counter
from datetime import datetime

from domain.alarms import StandingAlarm
from domain.demand import Demand
from domain.mission import Mission
from domain.solicitation import Solicitation


def details(demand: Demand) -> str:
    """Where the demand stands, what it waits for and until when, what is wrong, and where to read more."""
    if not demand.is_open:
        return f"**{demand.status}** · nothing more will happen."
    mission = demand.case.mission
    lines = [
        f"**{demand.status}** · round {demand.round} · arrival wanted before {_at(demand.case.deadline)}",
        *(_of_mission(mission) if mission else _of_search(demand)),
        *(_of_alarm(each) for each in demand.case.alarms.standing.values()),
    ]
    moment = demand.next_moment()
    if moment is not None:
        lines.append(f"If nobody speaks, it wakes up at {_at(moment)}.")
    lines.append(f"More, with names and telephone numbers: `rescousse demand show {demand.case.id}`")
    return "\n\n".join(lines)


def _of_search(demand: Demand) -> list[str]:
    search, waiting = demand.case.search, demand.case.book.still_open()
    if search.promised is not None:
        return [f"Waits for the company whose promise the SAMU accepted to name a vehicle. {_asked(waiting)}"]
    if demand.is_in_arbitration():
        return [_arbitration(demand), _asked(waiting)]
    if search.tier is not None and search.tier_deadline is not None:
        rest = " and ".join(search.to_ask)
        then = f"then {rest}, then the SAMU" if rest else "then the SAMU arbitrates"
        return [f"Tier {search.tier} until {_at(search.tier_deadline)}, {then}.", _asked(waiting)]
    return [
        "Waits for a survey of the fleet. This takes less than a second; longer, the activity `survey` fails."
    ]


def _arbitration(demand: Demand) -> str:
    standing, search = demand.case.book.counter_proposals(), demand.case.search
    since = f" since {_at(search.arbitration_since)}" if search.arbitration_since else ""
    if standing:
        best = standing[0].counter_delay_minutes
        return (
            f"Waits for the **SAMU**{since}: {len(standing)} counter-proposals stand, the best is {best} min."
        )
    proposed = ", carence is proposed" if search.carence_proposed else ""
    return f"Waits for the **SAMU**{since}: nobody promised anything{proposed}."


def _asked(waiting: list[Solicitation]) -> str:
    if not waiting:
        return "Nobody is asked at this moment."
    tiers = Counter(each.tier for each in waiting)
    counted = ", ".join(f"{count} {tier}" for tier, count in tiers.items())
    last = max(each.answer_before for each in waiting)
    return f"Asked and silent: {counted}; the last may answer until {_at(last)}."


def _of_mission(mission: Mission) -> list[str]:
    last = mission.steps[-1]
    lines = [f"Vehicle {_vehicle(mission)}, {mission.step} since {_at(last.received_at)}."]
    if mission.expected_step is not None:
        lines.append(f"Waits for the crew, or its regulator, to pass **{mission.expected_step}**.")
    if mission.is_late:
        lines.append(f"**Late**: no vehicle is there, the deadline was {_at(mission.deadline)}.")
    return lines


def _vehicle(mission: Mission) -> str:
    if mission.vehicle_name is None:
        return f"`{mission.vehicle_id}` of `{mission.company_id}`"
    return f"**{mission.vehicle_name}** of {mission.company_name}"


def _of_alarm(alarm: StandingAlarm) -> str:
    seen = "seen by the SAMU" if alarm.seen else "nobody of the SAMU has seen it"
    return f"Alarm **{alarm.kind}** (raised {alarm.level} times): {seen}."


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
