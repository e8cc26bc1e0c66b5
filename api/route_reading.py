"""The way of a mission's vehicle to where it goes now, for whom the mission concerns (rules 33, 35, 62)."""

from dataclasses import dataclass
from datetime import time
from uuid import UUID

from api.mission_reading import Reader, concerns, find_mission
from api.problems import Problem, refused
from api.resources import Resources
from api.schemas.routes import Goal, LineShown, ManeuverShown, RouteShown
from api.sentences import INVENTED_ROADS, STRAIGHT_LINE
from domain.outcomes import Outcome
from domain.people import Role
from domain.vocabulary import Step
from geo.cells import LatLon
from geo.routes import DrawnRoute, RouteSource
from geo.travel_time import Origin
from storage import fleet, ways
from storage.views import MissionView
from storage.ways import LastPlace
from survey.zones import zone_of


async def read_way(resources: Resources, reader: Reader, mission_id: UUID, asked: Goal | None) -> RouteShown:
    """The way from the vehicle's last position. Raises Problem 404, or 409 when an end of it is not known."""
    mission = await _find(resources, reader, mission_id)
    goal = asked or _goal_now(mission)
    place = _place(mission, goal)
    start = await _start(resources, reader, mission)
    profile = resources.travel.profile_at(start.clocks_show)
    drawn = await resources.routes.route(start.origin, place, profile)
    age = reader.at - start.last.recorded_at
    return RouteShown(
        mission_id=mission.id,
        vehicle_id=mission.vehicle_id,
        to=goal,
        geometry=_line(drawn),
        distance_m=round(drawn.metres),
        duration_s=round(drawn.seconds),
        maneuvers=_maneuvers(drawn),
        source=drawn.source,
        position_age_s=max(0, int(age.total_seconds())),
        notice=_notice(drawn),
        computed_at=resources.clock(),
    )


async def _find(resources: Resources, reader: Reader, mission_id: UUID) -> MissionView:
    """A running mission. To a crew that it does not concern there is no such way: it says where a colleague is."""
    found = await find_mission(resources, reader.caller, mission_id)
    if reader.caller.role is Role.CREW:
        async with resources.database.connect() as connection:
            if not await concerns(connection, reader, found):
                raise Problem("not_found")
    if found.ended_at is not None:
        raise refused(Outcome.MISSION_ENDED)
    return found


def _goal_now(mission: MissionView) -> Goal:
    aboard = Step(mission.step).rank >= Step.EN_CHARGE.rank
    return Goal.DESTINATION if aboard else Goal.PICKUP


def _place(mission: MissionView, goal: Goal) -> LatLon:
    if goal is Goal.PICKUP:
        return LatLon(mission.lat, mission.lon)
    if mission.facility_lat is None or mission.facility_lon is None:
        raise Problem("no_destination")
    return LatLon(mission.facility_lat, mission.facility_lon)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Start:
    """Where and when a way begins."""

    last: LastPlace
    clocks_show: time

    @property
    def origin(self) -> Origin:
        """The place, as an engine of travel times knows it."""
        last = self.last
        return Origin(last.lat, last.lon, last.road_graph, last.road_node, last.road_access_m or 0.0)


async def _start(resources: Resources, reader: Reader, mission: MissionView) -> _Start:
    async with resources.database.connect() as connection:
        last = await ways.last_place(connection, mission.vehicle_id)
        zone = await fleet.timezone_of(connection, mission.samu_id)
    if last is None:
        raise Problem("no_position")
    return _Start(last=last, clocks_show=reader.at.astimezone(zone_of(zone)).time())


def _line(drawn: DrawnRoute) -> LineShown:
    return LineShown(coordinates=[(round(lon, 6), round(lat, 6)) for lat, lon in drawn.points])


def _maneuvers(drawn: DrawnRoute) -> list[ManeuverShown]:
    return [
        ManeuverShown(
            instruction=each.instruction,
            distance_m=round(each.metres),
            duration_s=round(each.seconds),
            street=each.street,
            at=each.at,
        )
        for each in drawn.maneuvers
    ]


def _notice(drawn: DrawnRoute) -> str | None:
    if drawn.source is RouteSource.STRAIGHT:
        return STRAIGHT_LINE
    return INVENTED_ROADS if drawn.invented else None
