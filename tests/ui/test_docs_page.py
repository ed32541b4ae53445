"""The API's documentation in a browser: all of it from the gateway itself, and it can be tried out."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.client import Client


def test_the_documentation_asks_nobody_elsewhere(chrome: Browser, client: Client) -> None:
    page = chrome.new_context().new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.goto(f"{client.url}/docs")
    expect(page.locator("#operations-media-list_media")).to_be_visible(timeout=60_000)
    assert page.locator(".opblock").count() > 50
    elsewhere = [url for url in asked if not url.startswith((f"{client.url}/", "data:"))]
    assert (elsewhere, said) == ([], [])


def test_a_request_can_be_tried_out(chrome: Browser, client: Client) -> None:
    page = chrome.new_context().new_page()
    page.goto(f"{client.url}/docs")
    page.get_by_role("button", name="Authorize", exact=True).click(timeout=60_000)
    page.get_by_role("textbox").first.fill(client.token)
    page.get_by_role("button", name="Apply credentials").first.click()
    page.get_by_role("button", name="Close").first.click()
    listed = page.locator("#operations-profiles-list_profiles")
    listed.locator(".opblock-summary-control").click()
    listed.get_by_role("button", name="Try it out").click()
    listed.get_by_role("button", name="Execute").click()
    answer = listed.locator(".live-responses-table tr.response .response-col_status").first
    expect(answer).to_contain_text("200", timeout=60_000)
