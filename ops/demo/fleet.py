"""The vehicles of the demonstration: how many at each site, of which category, under which name."""

from collections.abc import Iterator, Sequence
from itertools import count, cycle
from random import Random
from uuid import UUID

from domain.fleet import Category
from domain.mobilisation import HOURS
from ops.demo.model import DemoSite, DemoVehicle, demo_id

MOST_AT_A_SITE = 5
"""No site has more vehicles than this: companies are small, even in town."""

_MIX = (Category.A, Category.C, Category.C, Category.A, Category.C)
"""Two large vehicles in five. The first of each company is large, since a large one may serve any demand."""


MOBILISATION_BY_DAY_S = 120
"""A crew that waits at the site needs two minutes to be on the road."""
MOBILISATION_BY_NIGHT_S = 360
"""A crew that is on call at home needs six: the driver picks the colleague up first."""
DAY_HOURS = range(7, 20)


def mobilisation_by_hour_s() -> tuple[int, ...]:
    """Return what a site's crews need before they leave, in seconds, for each hour that clocks show."""
    return tuple(
        MOBILISATION_BY_DAY_S if hour in DAY_HOURS else MOBILISATION_BY_NIGHT_S for hour in range(HOURS)
    )


def share_vehicles(rng: Random, people: Sequence[int], vehicles: int) -> list[int]:
    """Return how many vehicles each site has: at least one, then by the people of its commune.

    Raises ValueError if there are fewer vehicles than sites, or too many for them.
    """
    shares = [1] * len(people)
    if not len(people) <= vehicles <= MOST_AT_A_SITE * len(people):
        raise ValueError(f"{vehicles} vehicles cannot be shared among {len(people)} sites")
    for _ in range(vehicles - len(people)):
        room = [index for index, share in enumerate(shares) if share < MOST_AT_A_SITE]
        shares[rng.choices(room, [people[index] for index in room])[0]] += 1
    return shares


class Garage:
    """Makes vehicles one after the other, so that no name and no registration is given twice."""

    def __init__(self, seed: int, registrations: Iterator[str]) -> None:
        """Start with no vehicle made."""
        self._seed = seed
        self._registrations = registrations
        self._numbers: dict[str, Iterator[int]] = {}

    def vehicles_of(self, sites: Sequence[DemoSite], shares: Sequence[int]) -> tuple[DemoVehicle, ...]:
        """Return the vehicles of one company, site by site."""
        mix = cycle(_MIX)
        return tuple(
            self._vehicle(site.id, site.commune, next(mix))
            for site, share in zip(sites, shares, strict=True)
            for _ in range(share)
        )

    def _vehicle(self, site_id: UUID, commune: str, category: Category) -> DemoVehicle:
        name = f"{commune} {next(self._numbers.setdefault(commune, count(1)))}"
        return DemoVehicle(
            demo_id(self._seed, "vehicle", name), name, next(self._registrations), category, site_id
        )
