"""The timings and choices of one SAMU, copied into each demand when it starts (product paper, default timings)."""

from pydantic import BaseModel, ConfigDict, Field

SHORT_DELAY_MINUTES = 20
"""A demand of at most this delay uses the short windows."""

LONGEST_COUNTER_DELAY_MINUTES = 240
"""A counter-delay is a promise; beyond this it promises nothing (rule 7)."""


class Windows(BaseModel):
    """How long each tier may be answered, in seconds."""

    model_config = ConfigDict(frozen=True)

    guard_s: int = Field(default=75, ge=1)
    vehicles_s: int = Field(default=105, ge=1)
    sites_s: int = Field(default=60, ge=1)


class GuardPolicy(BaseModel):
    """The timings of guard periods, in seconds."""

    model_config = ConfigDict(frozen=True)

    alarm_after_s: int = Field(default=300, ge=0)
    """A period that has begun so long ago with nobody on guard raises an alarm."""
    look_every_s: int = Field(default=300, ge=1)
    """How often a watch looks, should it not be told."""
    busy_look_every_s: int = Field(default=15, ge=1)
    """How soon it looks whether the mission that runs over the end is over; ever more rarely after that."""
    busy_look_slowest_s: int = Field(default=600, ge=1)


class Policy(BaseModel):
    """Every timing of a search and a mission. Durations are seconds.

    A guard vehicle rings again after ``guard_ring_again_s``, and the next one of the sector is asked as well; the tier
    lasts ``Windows.guard_s`` in all. ``guard_beyond_delay`` asks a guard vehicle that cannot be there in time, too.

    A position is fresh for ``position_moving_s``. A vehicle that stood still rests for ``position_stopped_s``, and for as
    long as its device was heard of within ``device_alive_s``; silent for ``position_lost_s`` it is not asked. Within
    ``parked_within_m`` metres of its site it is parked.

    ``most_answers`` is how many answers of companies one demand takes: the engine takes 2,000 updates in all, and the
    SAMU's decisions must always find room.
    """

    model_config = ConfigDict(frozen=True)

    standard: Windows = Windows()
    short: Windows = Windows(guard_s=60, vehicles_s=75, sites_s=45)
    free_choice_s: int = Field(default=45, ge=1)
    guard_ring_again_s: int = Field(default=45, ge=1)
    guard_neighbours: bool = False
    guard_beyond_delay: bool = False
    second_ring_s: int = Field(default=45, ge=1)
    machine_search_s: int = Field(default=240, ge=1)
    resurvey_s: int = Field(default=15, ge=1)
    resurvey_slowest_s: int = Field(default=300, ge=1)
    newcomer_window_s: int = Field(default=30, ge=1)
    wave_size: int | None = Field(default=None, ge=1)
    wave_every_s: int = Field(default=30, ge=1)
    arbitration_alarms_s: tuple[int, ...] = (60, 120)
    acknowledgement_alarm_s: int = Field(default=120, ge=1)
    unreached_alarm_s: int = Field(default=60, ge=1)
    reconfirmation_s: int = Field(default=45, ge=1)
    stuck_after_s: int = Field(default=2700, ge=1)
    position_moving_s: int = Field(default=120, ge=1)
    position_stopped_s: int = Field(default=900, ge=1)
    position_lost_s: int = Field(default=21600, ge=1)
    device_alive_s: int = Field(default=300, ge=1)
    parked_within_m: int = Field(default=150, ge=0)
    most_answers: int = Field(default=1500, ge=1)
    undo_step_s: int = Field(default=60, ge=0)
    coverage_alarm_minutes: int | None = Field(default=30, ge=1)
    """A commune further than this from every free vehicle raises an alarm when it was nearer; null: none does.

    Half an hour is the State's goal for urgent care anywhere in France."""
    coverage_look_every_s: int = Field(default=60, ge=10)
    coverage_least_population: int = Field(default=1, ge=0)
    """Smaller communes are not watched."""

    def windows(self, max_delay_minutes: int) -> Windows:
        """The answer windows for a demand of this delay (minutes)."""
        return self.short if max_delay_minutes <= SHORT_DELAY_MINUTES else self.standard
