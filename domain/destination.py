"""The destination that a crew or its regulator gives, as the SAMU told it by telephone (rule 36, ADR 26)."""

from domain.case import Case
from domain.messages import Destination, Reply
from domain.outcomes import Outcome
from domain.people import Role
from domain.vocabulary import Step

FIRST_STEP = Step.LIEU_INTERVENTION
"""The bilan is told from there; before, nobody can have been told where to."""


def judge_destination(case: Case, order: Destination) -> Reply | None:
    """Why a company's destination is not taken, or that it stands already; ``None`` when it is to be written down.

    It is the SAMU that determines where a patient is taken (R. 6312-17-1): what it gave, a company does not change.
    """
    mission, known = case.mission, case.destination
    if mission is None or mission.id != order.mission_id:
        return Reply(outcome=Outcome.MISSION_ENDED if case.missions_begun else Outcome.MISSION_UNKNOWN)
    if mission.step.rank < FIRST_STEP.rank:
        return Reply(outcome=Outcome.DESTINATION_TOO_EARLY, expected_step=mission.expected_step)
    if known is not None and known.facility_id == order.facility_id:
        return Reply(outcome=Outcome.RECORDED, mission_id=mission.id)
    if known is not None and known.by.role is Role.SAMU:
        return Reply(outcome=Outcome.DESTINATION_GIVEN_BY_SAMU, mission_id=mission.id)
    return None
