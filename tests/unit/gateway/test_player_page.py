"""The bare player: a page that runs its own scripts alone, and that everyone can use."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.unit.gateway.checks import anonymous, assert_problem
from tests.unit.gateway.fakes import world

CONTROLS = frozenset({"input", "select", "textarea", "video", "audio"})
VOID = frozenset({"meta", "link", "input", "br", "img", "source"})


@dataclass
class Page(HTMLParser):
    """A page's elements, each with the elements around it and the text within."""

    elements: list[tuple[str, dict[str, str | None], tuple[str, ...]]] = field(default_factory=list)
    text: dict[int, str] = field(default_factory=dict)
    open: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        around = tuple(self.elements[n][0] for n in self.open)
        self.elements.append((tag, dict(attrs), around))
        if tag not in VOID:
            self.open.append(len(self.elements) - 1)

    def handle_endtag(self, tag: str) -> None:
        assert self.elements[self.open.pop()][0] == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        for n in self.open:
            self.text[n] = self.text.get(n, "") + data.strip()

    def of(self, *tags: str) -> list[tuple[dict[str, str | None], tuple[str, ...], str]]:
        """Attributes, surroundings and text of these elements."""
        return [
            (attributes, around, self.text.get(n, ""))
            for n, (tag, attributes, around) in enumerate(self.elements)
            if tag in tags
        ]


@pytest.fixture
async def page(tmp_path: Path) -> Page:
    async with world(tmp_path) as w, anonymous(w) as client:
        got = await client.get("/play/m1")
    assert (got.status_code, got.headers["content-type"]) == (200, "text/html; charset=utf-8")
    found = Page()
    found.feed(got.text)
    found.close()
    assert found.open == []
    return found


def policy(said: str) -> dict[str, list[str]]:
    parts = [part.split() for part in said.split(";")]
    assert len({part[0] for part in parts}) == len(parts)
    return {part[0]: part[1:] for part in parts}


async def test_the_page_runs_its_own_scripts_alone(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        for path in ("/play/m1", "/play/nope", "/play/assets/player.js", "/play/assets/player.css"):
            headers = (await client.get(path)).headers
            said = policy(headers["content-security-policy"])
            assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "https:", "http:"} & {
                source for sources in said.values() for source in sources
            }
            assert said["default-src"] == ["'none'"]
            assert said["script-src"] == said["style-src"] == said["connect-src"] == ["'self'"]
            assert said["base-uri"] == said["form-action"] == ["'none'"]
            assert said["frame-ancestors"] == ["'self'"]
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["x-content-type-options"] == "nosniff"


async def test_the_page_is_the_same_for_every_medium(tmp_path: Path) -> None:
    """It is the page that asks, with the viewer's token: nobody learns from it which media there are."""
    async with world(tmp_path) as w:
        texts = {
            (await w.client.get(f"/play/{id}")).text for id in ("m1", "nope", "%3Cscript%3E", "é", "a" * 500)
        }
        assert len(texts) == 1


async def test_nothing_in_the_page_is_inline_or_from_elsewhere(page: Page) -> None:
    for attributes, _, text in page.of("script"):
        assert text == ""
        assert str(attributes["src"]).startswith("/play/assets/")
    assert page.of("style") == page.of("iframe", "object", "embed", "base") == []
    for tag, attributes, _ in page.elements:
        assert not [name for name in attributes if name == "style" or name.startswith("on")], tag
        for name in ("src", "href", "action"):
            assert re.match(r"/play/assets/|data:,$", attributes.get(name) or "data:,"), (tag, attributes)


async def test_everyone_can_use_the_page(page: Page) -> None:
    assert page.of("html")[0][0]["lang"] == "en"
    assert page.of("title")[0][2]
    assert len(page.of("main")) == len(page.of("h1")) == 1
    ids = [attributes["id"] for _, attributes, _ in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    viewport = next(a["content"] for a, _, _ in page.of("meta") if a.get("name") == "viewport")
    assert not re.search(r"user-scalable|maximum-scale", viewport or "")


async def test_every_control_has_a_label(page: Page) -> None:
    labelled = {attributes.get("for") for attributes, _, text in page.of("label") if text}
    ids = {attributes.get("id") for _, attributes, _ in page.elements}
    controls = page.of(*CONTROLS)
    assert len(controls) >= 5
    for attributes, around, _ in controls:
        by = attributes.get("aria-labelledby")
        assert "label" in around or attributes.get("id") in labelled or (by and by in ids), attributes
    assert all(text for attributes, _, text in page.of("label"))
    assert all(text for _, _, text in page.of("button"))
    assert all(a.get("aria-label") for _, a, _ in page.elements if a.get("role") == "group")


async def test_what_happens_is_read_aloud(page: Page) -> None:
    (status,) = [a for _, a, _ in page.elements if a.get("role") == "status"]
    assert (status["id"], status["aria-live"]) == ("status", "polite")
    assert "hidden" not in status


async def test_the_script_finds_what_it_looks_for_in_the_page(page: Page, tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        script = (await w.client.get("/play/assets/player.js")).text
    wanted = set(re.findall(r'\bel\("([a-z]+)"\)', script))
    assert len(wanted) >= 6
    assert wanted <= {attributes.get("id") for _, attributes, _ in page.elements}
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", script
    )


@pytest.mark.parametrize(
    ("name", "kind"),
    [("player.js", "text/javascript"), ("player.css", "text/css"), ("hls.min.js", "text/javascript")],
)
async def test_what_the_page_is_made_of_can_be_had(tmp_path: Path, name: str, kind: str) -> None:
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    (scripts / "hls.min.js").write_text("/* a player */")
    async with world(tmp_path, scripts=scripts) as w, anonymous(w) as client:
        got = await client.get(f"/play/assets/{name}")
        assert got.status_code == 200
        assert got.headers["content-type"].partition(";")[0] == kind
        assert got.headers["cache-control"] == "no-cache"
        again = await client.get(f"/play/assets/{name}")
        assert (again.headers["etag"], again.content) == (got.headers["etag"], got.content)


async def test_every_asset_that_the_page_names_is_there(page: Page, tmp_path: Path) -> None:
    (tmp_path / "hls.min.js").write_text("/* a player */")
    named = [a.get("src") or a.get("href") or "" for _, a, _ in page.elements]
    async with world(tmp_path, scripts=tmp_path) as w:
        for path in (path for path in named if path.startswith("/")):
            assert (await w.client.get(path)).status_code == 200, path


@pytest.mark.parametrize("folder", [None, "missing", "empty", "wrong"])
async def test_without_the_scripts_of_others_the_page_says_what_is_missing(
    tmp_path: Path, folder: str | None
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "wrong" / "hls.min.js").mkdir(parents=True)
    async with world(tmp_path, scripts=tmp_path / folder if folder else None) as w:
        said = assert_problem(await w.client.get("/play/assets/hls.min.js"), 404, "asset-not-found")
        assert "SLUICE_SCRIPTS" in said["detail"]
        assert (await w.client.get("/play/m1")).status_code == 200


async def test_nothing_but_the_assets_can_be_had(tmp_path: Path) -> None:
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    (tmp_path / "token").write_text("a secret")
    (scripts / "token").write_text("a secret")
    names = (
        "token",
        "%2e%2e%2ftoken",
        "..%2f..%2fendpoints.py",
        "..%5ctoken",
        "%2e%2e",
        "player.html",
        "player.js%00.css",
        "PLAYER.JS",
        "player.js/",
        "hls.min.js/..%2ftoken",
        f"%2f{str(tmp_path / 'token').lstrip('/')}",
        "%2fetc%2fpasswd",
        "",
    )
    async with world(tmp_path, scripts=scripts) as w:
        for name in names:
            got = await w.client.get(f"/play/assets/{name}")
            assert got.status_code == 404, name
            assert "a secret" not in got.text
