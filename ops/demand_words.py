"""What `rescousse demand ring|next-tier|reassign|close` asks and answers, in sentences."""

from domain.outcomes import Outcome
from domain.vocabulary import OperatorAct

ENDED_MEANWHILE = "It has ended meanwhile: there is nothing to do any more."
OVER = "The mission that you looked at is over: look again."
DONE = {
    OperatorAct.RING: "Rung again: whoever is awaited was told once more.",
    OperatorAct.NEXT_TIER: "The tier is closed, the next one is being asked. Whoever rings may still accept.",
    OperatorAct.REASSIGN: "The mission was taken from its vehicle, which is free; the search begins again without it.",
    OperatorAct.CLOSE: "The demand is closed, and its vehicle, if it had one, is free. The SAMU reads that an operator did it, and why.",
}
REFUSALS = {
    Outcome.DEMAND_CLOSED: ENDED_MEANWHILE,
    Outcome.MISSION_ENDED: OVER,
    Outcome.MISSION_UNKNOWN: "No vehicle has the mission: there is nothing to take back.",
    Outcome.ALREADY_ASSIGNED: "A vehicle has the mission: no tier is asked any more.",
    Outcome.NO_TIER_RUNNING: "The tier that you looked at does not run any more, or the SAMU arbitrates: look again.",
    Outcome.NOTHING_TO_RING: "Nobody is awaited who could be told once more.",
    Outcome.RUNG_JUST_NOW: "It was rung a moment ago: leave them fifteen seconds to answer.",
    Outcome.REASON_REQUIRED: "Say why: --reason.",
    Outcome.TOO_LATE_TO_REASSIGN: "The patient is on board: the vehicle keeps its mission.",
}
BEFORE = {
    OperatorAct.RING: "Ring again whoever is awaited?",
    OperatorAct.NEXT_TIER: "Close the tier that runs, and ask the next one?",
    OperatorAct.REASSIGN: "Take the mission from its vehicle, and search again without it?",
    OperatorAct.CLOSE: "Close the demand for good?",
}
TAKEN_ALREADY = "That mission was taken from its vehicle already: nothing was done."
NAME_IT = (
    "with --yes, say what you looked at (`rescousse demand show` says it): repeated, it touches nothing else"
)
