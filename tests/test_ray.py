"""The engine on a Ray cluster of two nodes, one of which is killed on the way."""

from __future__ import annotations

import threading
import time

import pytest

from gevb.lab.engine import Job, reproduce
from gevb.lab.experiments import every_run, experiments, read_results

ray = pytest.importorskip("ray", reason="Ray has no wheels for this Python")
pytestmark = pytest.mark.filterwarnings("ignore")  # Ray's own, of which there are many.


@pytest.fixture
def cluster():
    from ray.cluster_utils import Cluster

    soon = {  # a death is noted after 2.5 s instead of 25
        "health_check_initial_delay_ms": 0,
        "health_check_period_ms": 500,
        "health_check_failure_threshold": 5,
    }
    head = {"num_cpus": 0, "_system_config": soon}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
    ray.init(address=cluster.address, log_to_driver=False)
    yield cluster, nodes
    ray.shutdown()
    cluster.shutdown()


def test_all_results_arrive_once_when_a_node_is_killed(cluster, tmp_path):
    cluster, (doomed, _) = cluster
    wanted = every_run(
        experiments(["digits"], "fc-*-nonnegative"), [0], epochs=40, evaluate_every=1
    )

    def started() -> int:
        jobs = (Job(c, tmp_path / "checkpoints" / c.name, None, "cpu", 1) for c in wanted)
        return sum(len(job.record().history) > 2 for job in jobs)

    def alive() -> int:
        return sum(node["Alive"] for node in ray.nodes())

    def kill() -> None:
        while started() < 2:  # Both nodes are at work.
            time.sleep(0.05)
        cluster.remove_node(doomed, allow_graceful=False)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    tried = reproduce(wanted, tmp_path, engine="ray", device="cpu", say=lambda line: None)
    killer.join(10)
    deadline = time.monotonic() + 60  # Ray takes its time to note a death.
    while alive() > 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert alive() == 2  # The head and one of two.
    assert sorted(r.config.name for r in tried) == sorted(c.name for c in wanted)
    assert {record.status for record in tried} == {"finished"}
    there = {r.config: r for r in read_results(tmp_path / "results")}
    assert there == {r.config: r for r in tried}
    # The run that the dead node was working on went on elsewhere, from its checkpoint.
    sessions = [session for record in tried for session in record.sessions]
    assert sum(session["from_epoch"] > 0 for session in sessions) == 1
