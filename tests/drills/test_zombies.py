"""What was stopped and wakes, or belongs to an earlier life, can change nothing any more."""

from __future__ import annotations

from tests.client import until
from tests.drills.scene import Scene
from tests.log import published


def test_a_stopped_worker_that_wakes_after_its_lease_cannot_publish(scene: Scene) -> None:
    before = scene.outputs()
    job = scene.start_job()
    task = scene.until_running(job)
    with scene.stopped(task["worker"]):
        scene.until_done_by_another(job, task)
    until(lambda: scene.stack.lacks() is None, "the stopped worker to be back")
    scene.until_all_completed()
    told = published(scene.stack.endpoints.kafka, "task.changed")
    done = [e for e in told if e.job_id == job and e.kind == "video" and e.state == "completed"]
    assert [(e.epoch, e.worker != task["worker"]) for e in done] == [(task["epoch"] + 1, True)]
    assert len(scene.outputs() - before) == 1


def test_a_leader_that_was_stopped_and_wakes_changes_nothing_twice(scene: Scene) -> None:
    old = scene.leader()
    with scene.stopped(old):
        job = scene.start_job()
        until(lambda: scene.leader() != old, "another leader")
        task = scene.until_running(job)
    scene.until_all_completed()
    told = published(scene.stack.endpoints.kafka, "task.changed")
    steps = [
        (e.kind, e.state, e.epoch) for e in {e.meta.event_id: e for e in told}.values() if e.job_id == job
    ]
    assert len(steps) == len(set(steps))
    now = scene.task(job)
    assert now is not None
    assert now["attempts"] == 0
    assert now["epoch"] == task["epoch"]


def test_a_database_that_is_lost_whole_is_built_again_and_no_zombie_gets_in(scene: Scene) -> None:
    finished = scene.start_job(seconds=2)
    scene.client.until_job(finished, "completed")
    seen = scene.client.job(finished)
    running = scene.start_job()
    task = scene.until_running(running)
    life = scene.database.state.find_one({"_id": "ledger"})["incarnation"]
    scene.database.client.drop_database(scene.database.name)
    until(lambda: scene.database.state.find_one({"_id": "ledger", "open": True}), "the ledger to be open")
    scene.until_all_completed()
    assert scene.client.job(finished) == seen
    now = scene.database.state.find_one({"_id": "ledger"})
    assert now["incarnation"] != life
    told = published(scene.stack.endpoints.kafka, "task.changed")
    done = [e for e in told if e.job_id == running and e.kind == "video" and e.state == "completed"]
    assert {e.incarnation for e in done} == {now["incarnation"]}
    assert task["incarnation"] == life
