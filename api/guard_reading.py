"""Periods and shifts as callers see them: who is in the vehicle is told to their own company only."""

from datetime import datetime

from api.schemas.guard import Named, PeriodShown, ShiftShown, TeammateShown
from domain.guard import Shift, state_of
from storage.guard_views import PeriodLine
from storage.views import Scope


def shown_period(line: PeriodLine, scope: Scope, at: datetime) -> PeriodShown:
    """A period as it stands at this moment, for a caller of this scope."""
    period = line.period
    return PeriodShown(
        id=period.id,
        samu_id=period.samu_id,
        sector=Named(id=period.sector_id, name=line.sector),
        company=Named(id=period.company_id, name=line.company),
        rank=period.rank,
        starts_at=period.starts_at,
        ends_at=period.ends_at,
        state=state_of(period, line.shift, at),
        provisional=period.provisional,
        asked_at=period.asked_at,
        approved_at=period.approved_at,
        phone=period.phone,
        company_phone=line.company_phone,
        shift=shown_shift(line.shift, line, scope) if line.shift else None,
    )


def shown_shift(shift: Shift, line: PeriodLine, scope: Scope) -> ShiftShown:
    """The shift of a line, with its teammate for its own company."""
    own = scope.company_id == shift.company_id
    of_line = {
        "vehicle_name": line.vehicle,
        "missions": line.missions,
        "phones": line.phones,
        "teammate": TeammateShown.model_validate(shift.teammate) if own else None,
    }
    of_shift = {n: getattr(shift, n) for n in ShiftShown.model_fields if n not in of_line}
    return ShiftShown.model_validate(of_shift | of_line)
