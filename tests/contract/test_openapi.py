"""The OpenAPI document as a law: what it promises for every route, and which routes there are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.compat.route import SUCCESSOR, TAG
from gateway.document_links import FOLLOWING
from tests.contract.openapi_document import described

OPERATIONS = {
    "begin_direct_upload",
    "get_direct_upload",
    "complete_direct_upload",
    "end_direct_upload",
    "begin_upload",
    "get_media_timeline",
    "get_job_timeline",
    "list_activity",
    "get_viewing",
    "put_viewing",
    "delete_viewing",
    "list_viewings",
    "import_viewings",
    "continue_upload",
    "end_upload",
    "get_upload",
    "list_uploads",
    "make_reset",
    "use_reset",
    "get_second_factor",
    "offer_second_factor",
    "take_up_second_factor",
    "give_up_second_factor",
    "remove_second_factor",
    "ask_graphql",
    "list_providers",
    "start_with_provider",
    "return_from_provider",
    "whoami",
    "make_library",
    "list_libraries",
    "get_library",
    "change_library",
    "remove_library",
    "scan_library",
    "place_media",
    "get_media_access",
    "put_media_access",
    "share_media",
    "list_shares",
    "withdraw_share",
    "open_share",
    "list_quarantine",
    "release_media",
    "destroy_media",
    "cancel_job",
    "change_me",
    "change_password",
    "change_user",
    "delete_media",
    "delete_media_version",
    "replace_media_content",
    "restore_media_version",
    "edit_many_media",
    "edit_media",
    "delete_profile",
    "drain_worker",
    "end_session",
    "erase_user",
    "export_user",
    "follow_events",
    "get_asyncapi",
    "get_config",
    "get_health",
    "get_job",
    "get_job_output",
    "get_limits",
    "order_cleanup",
    "order_scrub",
    "order_archival",
    "archive_media",
    "unarchive_media",
    "order_retention",
    "list_schedules",
    "make_schedule",
    "get_schedule",
    "put_schedule",
    "delete_schedule",
    "pause_schedule",
    "resume_schedule",
    "run_schedule",
    "list_runs",
    "get_master_playlist",
    "get_media",
    "get_media_content",
    "get_media_version",
    "get_media_image",
    "put_media_image",
    "list_items",
    "get_item",
    "get_item_image",
    "put_item_image",
    "get_person",
    "get_person_image",
    "put_person_photo",
    "remove_person_photo",
    "remove_item_image",
    "remove_media_image",
    "get_media_playlist",
    "get_metrics",
    "get_mode",
    "get_older_file",
    "get_older_stream",
    "get_profile",
    "get_readiness",
    "get_schema",
    "get_schema_text",
    "get_segment",
    "get_signed_file",
    "make_media_address",
    "make_output_address",
    "get_signing_keys",
    "get_status",
    "get_stream_file",
    "get_stream_image",
    "get_subject_config",
    "get_thumbnails_playlist",
    "get_user",
    "get_user_limits",
    "get_version",
    "get_version_schema",
    "copy_file",
    "delete_file",
    "end_file",
    "get_file",
    "list_folder",
    "list_roots",
    "list_trash",
    "list_usage",
    "make_folder",
    "move_file",
    "put_file",
    "restore_file",
    "invite",
    "keep_playing",
    "list_audit",
    "list_handbrake_presets",
    "list_invitations",
    "list_jobs",
    "list_keys",
    "list_media",
    "list_media_versions",
    "list_profiles",
    "list_schema_subjects",
    "list_schema_types",
    "list_schema_uses",
    "list_services",
    "list_sessions",
    "list_subjects",
    "list_users",
    "list_versions",
    "list_workers",
    "make_key",
    "make_ticket",
    "make_user",
    "order_job",
    "pause_job",
    "pause_worker",
    "play_media",
    "prioritise_job",
    "put_profile",
    "put_user_limits",
    "register",
    "renew_session",
    "resume_job",
    "resume_worker",
    "retry_job",
    "set_user_password",
    "sign_in",
    "sign_out",
    "stop_playing",
    "transcode_media",
    "upload_media",
    "withdraw_invitation",
    "withdraw_key",
    "upload_and_transcode",
    "get_transcoder_job",
    "list_older_jobs",
    "get_token",
    "farm_sign_in",
    "farm_register",
    "add_farm_job",
    "get_farm_job",
    "list_farm_jobs",
    "cancel_farm_job",
    "get_farm_status",
    "convert",
    "get_worker_job",
    "cancel_worker_job",
    "process_media",
}
"""Clients are generated from these names: taking one away or renaming it breaks them."""


OPEN = {
    "use_reset",
    "register",
    "sign_in",
    "renew_session",
    "open_share",
    "list_providers",
    "start_with_provider",
    "return_from_provider",
    "farm_sign_in",
    "farm_register",
}
"""Under the API, and for anyone."""
ABOUT_PEOPLE = {"sessions", "users"}
"""What concerns people is in force as soon as it is answered."""


@pytest.fixture
def document(tmp_path: Path) -> dict[str, Any]:
    """The document of a gateway as it is wired for real."""
    return described(tmp_path)


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, verb, op) for path, item in document["paths"].items() for verb, op in item.items()]


def references(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(references(value) for value in node.values()))
    return set().union(*(references(value) for value in node)) if isinstance(node, list) else set()


def test_the_operations_are_these(document: dict[str, Any]) -> None:
    found = [op["operationId"] for _, _, op in operations(document)]
    assert sorted(found) == sorted(OPERATIONS)


def test_every_reference_resolves(document: dict[str, Any]) -> None:
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert references(document) <= known


def test_every_operation_is_described_and_tagged(document: dict[str, Any]) -> None:
    tags = {tag["name"] for tag in document["tags"]}
    for path, verb, op in operations(document):
        assert op["description"], (path, verb)
        assert set(op["tags"]) <= tags
        assert len(op["tags"]) == 1, (path, verb)


def test_everything_under_the_api_needs_the_token_and_says_its_problems(document: dict[str, Any]) -> None:
    for path, verb, op in operations(document):
        if op["operationId"] == "get_token":
            assert op["security"] == [{"password": []}]
            continue
        closed = path.startswith("/api/") or op["tags"] == [TAG]
        if not closed or op["operationId"] in OPEN:
            assert "security" not in op, path
            continue
        assert op["security"] == [{"token": []}], (path, verb)
        refusals = {s: r for s, r in op["responses"].items() if s >= "400"}
        assert {"401", "403", "422", "503"} <= set(refusals), (path, verb)
        for status, refusal in refusals.items():
            assert list(refusal["content"]) == ["application/problem+json"], (path, verb, status)


def test_everything_behind_a_signed_address_says_its_problems(document: dict[str, Any]) -> None:
    signed = [(path, op) for path, _, op in operations(document) if path.startswith("/stream/")]
    assert len(signed) == 8
    for path, op in signed:
        refusals = {s: r for s, r in op["responses"].items() if s >= "400"}
        assert {"403", "404", "410", "422", "503"} <= set(refusals), path
        for status, refusal in refusals.items():
            assert list(refusal["content"]) == ["application/problem+json"], (path, status)


def test_what_was_made_is_linked_with_what_can_be_asked_of_it(document: dict[str, Any]) -> None:
    known = {op["operationId"]: op for _, _, op in operations(document)}
    links = known["upload_media"]["responses"]["202"]["links"]
    assert links["get_media"]["parameters"] == {
        "path.media_id": "$response.body#/media/id",
        "header.Sluice-Token": "$response.body#/token",
    }
    linked = [op for op in known.values() if any(a.get("links") for a in op["responses"].values())]
    assert len(linked) == len({id for each in FOLLOWING for id in each.after})


def test_commands_answer_202_with_a_token(document: dict[str, Any]) -> None:
    shapes = document["components"]["schemas"]
    asked = [op for path, verb, op in operations(document) if verb != "get" and path.startswith("/api/")]
    about_work = [
        op
        for op in asked
        if (op["tags"][0] not in ABOUT_PEOPLE and "202" in op["responses"])
        or op["operationId"] == "play_media"
    ]
    commands = [op for op in about_work if op["operationId"] != "play_media"]
    assert len(commands) == len(about_work) - 1 == 46
    for op in commands:
        reference = op["responses"]["202"]["content"]["application/json"]["schema"]["$ref"]
        assert "token" in shapes[reference.rpartition("/")[2]]["required"], op["operationId"]


def test_a_question_how_to_play_is_answered_at_once(document: dict[str, Any]) -> None:
    (play,) = [op for _, _, op in operations(document) if op["operationId"] == "play_media"]
    (answer,) = [r for s, r in play["responses"].items() if s.startswith("2")]
    assert "200" in play["responses"]
    reference = answer["content"]["application/json"]["schema"]["$ref"]
    shape = document["components"]["schemas"][reference.rpartition("/")[2]]
    assert {"url", "method", "reasons", "expires_at", "links"} <= set(shape["required"])


def test_what_older_clients_use_is_deprecated_and_names_what_takes_its_place(
    document: dict[str, Any],
) -> None:
    older = [op for _, _, op in operations(document) if op["tags"] == [TAG]]
    current = {f"{verb.upper()} {path}" for path, verb, op in operations(document) if op["tags"] != [TAG]}
    assert len(older) == 17
    for op in older:
        assert op["deprecated"] is True
        assert op[SUCCESSOR] in current, op["operationId"]
        assert f"`{op[SUCCESSOR]}`" in op["description"]


def test_what_people_send_and_get_has_examples(document: dict[str, Any]) -> None:
    shapes = document["components"]["schemas"]
    for name in ("Media", "Job", "JobOrder", "TranscodeOrder"):
        assert shapes[name]["examples"], name
