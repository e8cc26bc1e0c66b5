"""What OpenStreetMap's tags mean for an ambulance: which ways it drives on, in which direction, how fast at most."""

import pytest

from geo.roads.limits import posted_kmh, read_limit
from geo.roads.raw import Drop
from geo.roads.speeds import CLASSES
from geo.roads.tags import INDEX, Use, is_closed_node, read_way


def tags(text: str) -> dict[str, str]:
    """``highway=service access=no`` as tags."""
    return dict(part.split("=", 1) for part in text.split())


@pytest.mark.parametrize("name", CLASSES)
def test_every_class_is_driven_on(name: str) -> None:
    fit = {"surface": "asphalt"} if name == "track" else {}
    used = read_way({"highway": name, **fit})
    assert isinstance(used, Use)
    assert CLASSES[used.road] == name


def test_classes_keep_their_places() -> None:
    """A graph holds the index of a class: what is moved here is another road in every graph that was built."""
    assert CLASSES[:3] + CLASSES[-3:] == (
        "motorway",
        "motorway_link",
        "trunk",
        "service",
        "track",
        "pedestrian",
    )
    assert len(CLASSES) == 16
    assert INDEX["road"] == INDEX["busway"] == INDEX["unclassified"] == 10


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("highway=footway", Drop.NOT_FOR_CARS),
        ("highway=footway motor_vehicle=yes", Drop.NOT_FOR_CARS),
        ("highway=steps", Drop.NOT_FOR_CARS),
        ("highway=cycleway", Drop.NOT_FOR_CARS),
        ("highway=path", Drop.NOT_FOR_CARS),
        ("highway=construction construction=primary", Drop.NOT_A_ROAD),
        ("highway=proposed", Drop.NOT_A_ROAD),
        ("route=bus", Drop.NOT_A_ROAD),
        ("route=ferry", Drop.FERRY),
        ("route=ferry highway=primary", Drop.FERRY),
        ("highway=pedestrian area=yes", Drop.AREA),
        ("highway=service access=no", Drop.CLOSED),
        ("highway=service access=no foot=yes", Drop.CLOSED),
        ("highway=service access=no motor_vehicle=no", Drop.CLOSED),
        ("highway=primary emergency=no", Drop.CLOSED),
        ("highway=track", Drop.ROUGH),
        ("highway=track tracktype=grade3", Drop.ROUGH),
        ("highway=track surface=ground", Drop.ROUGH),
        ("highway=unclassified smoothness=horrible", Drop.ROUGH),
        ("highway=unclassified 4wd_only=yes", Drop.ROUGH),
        ("highway=residential maxheight=2.2", Drop.TIGHT),
        ("highway=residential maxwidth=1.8m", Drop.TIGHT),
        ("highway=residential maxweight=2.5t", Drop.TIGHT),
        ("highway=primary oneway=reversible", Drop.REVERSIBLE),
    ],
)
def test_an_ambulance_does_not_drive_there(text: str, why: Drop) -> None:
    assert read_way(tags(text)) is why


@pytest.mark.parametrize(
    "text",
    [
        "highway=service access=private",
        "highway=service access=customers",
        "highway=residential access=destination",
        "highway=residential motor_vehicle=no",
        "highway=residential vehicle=no",
        "highway=pedestrian motor_vehicle=no",
        "highway=service access=no emergency=yes",
        "highway=service access=no service=emergency_access",
        "highway=service access=no motor_vehicle=private",
        "highway=unclassified access=no bus=yes",
        "highway=track tracktype=grade1",
        "highway=track tracktype=grade2 access=private",
        "highway=track surface=compacted",
        "highway=track emergency=yes",
        "highway=residential maxheight=3.5",
        "highway=residential maxheight=default",
        "highway=residential maxheight=2.9m maxweight=3.5",
        "highway=residential area=no",
    ],
)
def test_an_emergency_vehicle_may_where_the_public_may_not(text: str) -> None:
    assert isinstance(read_way(tags(text)), Use)


@pytest.mark.parametrize(
    ("text", "direction"),
    [
        ("highway=primary", 0),
        ("highway=primary oneway=no", 0),
        ("highway=primary oneway=yes", 1),
        ("highway=primary oneway=1", 1),
        ("highway=primary oneway=-1", -1),
        ("highway=primary oneway=reverse", -1),
        ("highway=primary oneway=alternating", 0),
        ("highway=primary oneway=yes oneway:emergency=no", 0),
        ("highway=primary oneway=yes oneway:bicycle=no", 1),
        ("highway=primary junction=roundabout", 1),
        ("highway=primary junction=circular", 1),
        ("highway=primary junction=roundabout oneway=-1", -1),
        ("highway=motorway", 1),
        ("highway=motorway oneway=no", 0),
        ("highway=motorway_link", 1),
        ("highway=motorway_link oneway=no", 0),
        ("highway=trunk", 0),
    ],
)
def test_the_direction(text: str, direction: int) -> None:
    used = read_way(tags(text))
    assert isinstance(used, Use)
    assert used.direction == direction


@pytest.mark.parametrize(
    ("text", "closed"),
    [
        ("barrier=bollard", True),
        ("barrier=block", True),
        ("barrier=bollard bollard=rising", False),
        ("barrier=bollard bollard=removable", False),
        ("barrier=bollard emergency=yes", False),
        ("barrier=bollard motor_vehicle=private", False),
        ("barrier=cycle_barrier", True),
        ("barrier=gate", False),
        ("barrier=gate locked=yes access=private", False),
        ("barrier=gate access=no", True),
        ("barrier=gate access=no emergency=yes", False),
        ("barrier=lift_gate", False),
        ("barrier=toll_booth", False),
        ("barrier=cattle_grid", False),
        ("barrier=height_restrictor maxheight=2", True),
        ("barrier=height_restrictor maxheight=3", False),
        ("highway=crossing access=no", False),
    ],
)
def test_barriers(text: str, closed: bool) -> None:
    assert is_closed_node(tags(text)) is closed


@pytest.mark.parametrize(
    ("text", "kmh"),
    [
        ("50", 50),
        ("50 km/h", 50),
        ("30 mph", 48),
        ("70mph", 113),
        ("walk", 7),
        ("none", 0),
        ("signals", 0),
        ("FR:urban", 50),
        ("FR:rural", 80),
        ("FR:motorway", 130),
        ("FR:zone30", 30),
        ("FR:zone:30", 30),
        ("FR:30", 30),
        ("FR:living_street", 20),
        ("ES:rural", 90),
        ("ES:motorway", 120),
        ("DE:urban", 50),
        ("50;30", 30),
        ("90|110", 90),
        ("7.5", 8),
        ("", None),
        ("0", None),
        ("500", None),
        ("5 knots", None),
        ("fast", None),
        ("FR:unheard_of", None),
        ("FR:999", None),
        ("50;fast", None),
        ("-50", None),
    ],
)
def test_a_posted_limit_is_read(text: str, kmh: int | None) -> None:
    assert read_limit(text) == kmh


@pytest.mark.parametrize(
    ("text", "forward", "backward"),
    [
        ("maxspeed=50", (50, None), (50, None)),
        ("maxspeed=50 maxspeed:backward=30", (50, None), (30, None)),
        ("maxspeed:forward=70", (70, None), (0, None)),
        ("source:maxspeed=FR:urban", (50, None), (50, None)),
        ("zone:maxspeed=FR:30", (30, None), (30, None)),
        ("maxspeed=90 source:maxspeed=FR:urban", (90, None), (90, None)),
        ("maxspeed=signals maxspeed:type=FR:motorway", (130, None), (130, None)),
        ("maxspeed=fast", (0, "fast"), (0, "fast")),
        ("source:maxspeed=survey", (0, None), (0, None)),
        ("highway=primary", (0, None), (0, None)),
    ],
)
def test_limits_by_direction_and_zone(
    text: str, forward: tuple[int, str | None], backward: tuple[int, str | None]
) -> None:
    assert posted_kmh(tags(text), "forward") == forward
    assert posted_kmh(tags(text), "backward") == backward
