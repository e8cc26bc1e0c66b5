"""What an operator reads of a demand in the Temporal UI: its phase, what it waits for, until when."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.demand import Demand
    from domain.mission import Mission
    from workflows import search_attributes as attributes


class Sign:
    """Keeps search attributes and current details true, and touches them only when something changed."""

    def __init__(self, demand: Demand) -> None:
        """Describe ``demand``."""
        self._demand = demand
        self._shown: tuple[object, ...] = ()

    def update(self) -> None:
        """Show where the demand stands now."""
        workflow.set_current_details(self._details())
        mission = self._demand.case.mission
        step = mission.step if mission else None
        vehicle = str(mission.vehicle_id) if mission else None
        now = (self._demand.status, step, vehicle, self._demand.needs_attention)
        if now == self._shown:
            return
        self._shown = now
        workflow.upsert_search_attributes(
            [
                attributes.DEMAND_STATUS.value_set(self._demand.status),
                attributes.COMPANY.value_set([str(mission.company_id)] if mission else []),
                attributes.VEHICLE.value_set(vehicle) if vehicle else attributes.VEHICLE.value_unset(),
                attributes.STEP.value_set(step) if step else attributes.STEP.value_unset(),
                attributes.NEEDS_ATTENTION.value_set(self._demand.needs_attention),
            ]
        )

    def _details(self) -> str:
        demand, moment = self._demand, self._demand.next_moment()
        lines = [
            f"**{demand.status}** · arrival before {demand.case.deadline:%H:%M:%S} UTC",
            *(_on_mission(demand.case.mission) if demand.case.mission else self._searching()),
        ]
        if moment is not None:
            lines.append(f"Next thing due: {moment:%Y-%m-%d %H:%M:%S} UTC")
        return "\n\n".join(lines)

    def _searching(self) -> list[str]:
        book = self._demand.case.book
        waiting = book.still_open()
        return [
            f"Round {self._demand.round}, {len(waiting)} solicitations open of {sum(1 for _ in book)}",
            f"Counter-proposals standing: {len(book.counter_proposals())}",
        ]


def _on_mission(mission: Mission) -> list[str]:
    expected = mission.expected_step or "nothing more"
    return [
        f"Vehicle `{mission.vehicle_id}` of `{mission.company_id}`",
        f"{mission.step}, waits for {expected}",
    ]
