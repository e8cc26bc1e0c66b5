"""Where the invented companies settle: nobody of the département lives far from a site.

A company has a home commune. The first homes are the main towns and, one after the other, the communes
from which most of the people still uncovered are near; the rest are drawn where people live. Then each
company draws its other sites, by population, around its home.
"""

from collections.abc import Sequence
from random import Random

from ops.demo.sectors import distance_km
from simulation.places import Commune

COVERED_KM = 17.0
"""Every commune has a home within this distance: what a vehicle does in 20 minutes (70 km/h, detour 1.35)."""

AROUND_KM = 22.0
"""A company's other sites lie at most this far from its home."""

_SITES = (1, 2, 3, 4)
_SITES_WEIGHTS = (7, 8, 5, 2)


def settle(
    rng: Random, communes: Sequence[Commune], towns: Sequence[Commune], companies: int
) -> list[list[Commune]]:
    """Return the communes where each company has its sites, the home first: one to four each.

    Raises ValueError if that many companies cannot cover the département.
    """
    homes = covering(communes, towns)
    if len(homes) > companies:
        raise ValueError(f"{companies} companies cannot cover the département: it takes {len(homes)}")
    weights = [commune.population for commune in communes]
    homes += rng.choices(communes, weights, k=companies - len(homes))
    return [[home, *_others(rng, home, communes)] for home in homes]


def covering(communes: Sequence[Commune], towns: Sequence[Commune]) -> list[Commune]:
    """Return the towns and as many communes more as it takes to have one within COVERED_KM of everybody."""
    chosen = list(towns)
    near = {
        one.insee: [other for other in communes if distance_km(one, other) <= COVERED_KM] for one in communes
    }
    uncovered = {commune.insee for commune in communes}
    uncovered -= {other.insee for town in towns for other in near[town.insee]}
    while uncovered:
        best = max(communes, key=lambda one: (_people(near[one.insee], uncovered), one.population, one.insee))
        chosen.append(best)
        uncovered -= {other.insee for other in near[best.insee]}
    return chosen


def _people(communes: Sequence[Commune], uncovered: set[str]) -> int:
    return sum(commune.population for commune in communes if commune.insee in uncovered)


def _others(rng: Random, home: Commune, communes: Sequence[Commune]) -> list[Commune]:
    candidates = [one for one in communes if one != home and distance_km(home, one) <= AROUND_KM]
    wanted = rng.choices(_SITES, _SITES_WEIGHTS)[0] - 1
    chosen: list[Commune] = []
    while len(chosen) < wanted and candidates:
        chosen += rng.choices(candidates, [one.population for one in candidates])
        candidates.remove(chosen[-1])
    return chosen
