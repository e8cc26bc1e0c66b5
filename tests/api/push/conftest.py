"""An API that sends notifications to a push service of this machine."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from api.resources import Resources
from tests.api.conftest import Api, Clock, Login, make_resources
from tests.api.engine import RuleEngine
from tests.api.push.world import PushWorld, push_config
from tests.fixtures.push_service import (
    Certificates,
    PushService,
    make_certificates,
    serving_push,
)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
async def service(certificates: Certificates) -> AsyncIterator[PushService]:
    async with serving_push(certificates) as made:
        yield made


@pytest.fixture
def resources(
    engine: AsyncEngine,
    database_url: str,
    rules: RuleEngine,
    clock: Clock,
    service: PushService,
    certificates: Certificates,
) -> Resources:
    made = make_resources(engine, database_url, rules, clock)
    return replace(made, config=replace(made.config, push=push_config(service, certificates)))


@pytest.fixture
def push_world(api: Api, service: PushService, log_in: Login) -> PushWorld:
    config = api.resources.config.push
    assert config is not None
    return PushWorld(api, service, config, log_in)
