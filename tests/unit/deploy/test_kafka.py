"""The broker's storage is made with an id that its own tool takes."""

from __future__ import annotations

from deploy.local.kafka import _cluster_id


def test_a_clusters_id_is_never_taken_for_an_option() -> None:
    made = [_cluster_id() for _ in range(2000)]
    assert not any(id.startswith("-") for id in made)
    assert {len(id) for id in made} == {22}
    assert len(set(made)) == 2000
