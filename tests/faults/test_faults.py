"""The running product keeps its word through faults; more rounds by hand: ``make chaos ROUNDS=100``."""

from collections.abc import AsyncIterator

import pytest

from tests.faults.cluster import Cluster, cluster
from tests.faults.plan import Plan
from tests.faults.rebuilding import FAULTS
from tests.faults.rounds import play

pytestmark = pytest.mark.servers

ROUNDS = 5
SEED = "every fault once"


@pytest.fixture(scope="module")
async def product(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    """The product on servers of its own, which nobody else needs; search is the stand-in."""
    async with cluster(tmp_path_factory.mktemp("faults") / "data") as cluster_:
        yield cluster_


@pytest.mark.parametrize("number", range(ROUNDS))
async def test_nothing_is_lost_or_doubled(product: Cluster, number: int) -> None:
    report = await play(product, Plan(seed=SEED, number=number))
    assert not report.findings, "\n".join(report.timeline)


def test_every_fault_strikes() -> None:
    struck = {name for number in range(ROUNDS) for _, name in Plan(seed=SEED, number=number).strikes()}
    assert struck == set(FAULTS)
