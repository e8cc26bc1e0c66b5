"""What an operator reads of a demand in the Temporal UI: its phase, what it waits for, until when."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.demand import Demand
    from workflows import search_attributes as attributes
    from workflows.sentences import details


class Sign:
    """Keeps search attributes and current details true, and touches them only when something changed."""

    def __init__(self, demand: Demand) -> None:
        """Describe ``demand``."""
        self._demand = demand
        self._shown: tuple[object, ...] = ()

    def show(self) -> None:
        """Say in sentences where the demand stands now. It costs no event: a worker tells it to whoever asks."""
        workflow.set_current_details(details(self._demand))

    def update(self) -> None:
        """Show where the demand stands now, to who reads it and to who searches."""
        self.show()
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
