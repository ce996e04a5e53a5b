"""The site about the expectations is served as it lies there, and nothing else is."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from dashboards import data_docs
from dashboards.app import create_app
from dashboards.releases import Releases
from dashboards.rendering import render
from pipelines.quality.data_docs import site
from tests.dashboards import reading


@pytest.fixture(scope="module")
def docs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home") / data_docs.FOLDER
    (folder / "staging").mkdir(parents=True)
    (folder / "index.html").write_text("<h1>All</h1>")
    (folder / "style.css").write_text("h1 {}")
    (folder / "staging" / "incident.html").write_text("<h1>Incidents</h1>")
    (folder / "staging" / "incident.html.new").write_text("half a page")
    (folder.parent / "beside.html").write_text("secret")
    (folder / "outward.html").symlink_to(folder.parent / "beside.html")
    (folder / "up").symlink_to(folder.parent)
    return folder


@pytest.fixture(scope="module")
def client(docs: Path, home: Path) -> FlaskClient:
    client: FlaskClient = create_app(Releases(home), docs).server.test_client()
    return client


def test_the_dashboard_looks_where_the_nightly_run_writes() -> None:
    assert data_docs.FOLDER == site.FOLDER


@pytest.mark.parametrize(
    ("address", "content", "kind"),
    [
        ("/data-docs/", "<h1>All</h1>", "text/html"),
        ("/data-docs/index.html", "<h1>All</h1>", "text/html"),
        ("/data-docs/staging/incident.html", "<h1>Incidents</h1>", "text/html"),
        ("/data-docs/style.css", "h1 {}", "text/css"),
    ],
)
def test_its_files_are_served_under_the_sites_policy(
    client: FlaskClient, address: str, content: str, kind: str
) -> None:
    answer = client.get(address)
    assert (answer.status_code, answer.text, answer.mimetype) == (200, content, kind)
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize(
    "name",
    [
        "../beside.html",
        "..%2fbeside.html",
        "%2e%2e/beside.html",
        "staging/../../beside.html",
        "..\\beside.html",
        "outward.html",
        "up/beside.html",
        "%2fetc%2fpasswd",
        "/etc/passwd",
        "staging",
        "staging/incident.html.new",
        "none.html",
        "index.html%00.css",
    ],
)
def test_nothing_else_is(client: FlaskClient, name: str) -> None:
    answer = client.get(f"/data-docs/{name}", follow_redirects=True)
    assert "secret" not in answer.text
    assert "half a page" not in answer.text
    assert "root:" not in answer.text
    assert answer.status_code == 404 or "_dash-config" in answer.text, "an address outside is a page of the dashboard"


def test_without_a_site_it_says_who_writes_it(home: Path, tmp_path: Path) -> None:
    for folder in (None, tmp_path / "none"):
        answer = create_app(Releases(home), folder).server.test_client().get("/data-docs/")
        assert answer.status_code == 404
        assert "the nightly run writes this site" in answer.text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_quality_page_leads_there(home: Path, language: str) -> None:
    content = render(Releases(home), "/quality", f"?lang={language}").content
    links = [getattr(part, "href", None) for part in reading.parts(content)]
    assert data_docs.ADDRESS in links
