"""Static files: kept for a year where their name tells their content."""

import os

import pytest

from portal.app import create_app
from portal.http.pages import rendering


@pytest.fixture
def client(portal, monkeypatch, tmp_path):
    for name in ("app-5F3A9C00.css", "swagger-ui.css"):
        (tmp_path / name).write_text("body {}")
    monkeypatch.setattr("portal.http.pages.rendering.DIST", tmp_path)
    portal.app = create_app(portal.services)
    return portal.visitor()


def test_a_file_with_a_hashed_name_is_kept_for_a_year(client):
    response = client.get("/static/app-5F3A9C00.css")
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert response.headers["content-type"].startswith("text/css")


def test_a_file_that_keeps_its_name_is_kept_for_an_hour(client):
    response = client.get("/static/swagger-ui.css")
    assert response.headers["cache-control"] == "public, max-age=3600"
    again = client.get("/static/swagger-ui.css", headers={"if-none-match": response.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    "path", ["/static/none.css", "/static/../pyproject.toml", "/static/%2e%2e/pyproject.toml", "/static/"]
)
def test_nothing_else_is_served(client, path):
    assert client.get(path).status_code == 404


def test_pages_name_files_as_the_latest_build_did(monkeypatch, tmp_path):
    monkeypatch.setattr(rendering, "DIST", tmp_path)
    assert rendering.link_static("app.css") == "/static/app.css"

    manifest = tmp_path / "manifest.json"
    for second, name in enumerate(("app-5F3A9C00.css", "app-6A4B0D11.css")):
        manifest.write_text(f'{{"app.css": "{name}"}}')
        os.utime(manifest, (second, second))
        assert rendering.link_static("app.css") == f"/static/{name}"

    assert rendering.link_static("other.js") == "/static/other.js"


def test_where_nothing_was_built_there_is_nothing_to_find(portal, monkeypatch, tmp_path):
    monkeypatch.setattr("portal.http.pages.rendering.DIST", tmp_path / "none")
    portal.app = create_app(portal.services)
    assert portal.visitor().get("/static/app.css").status_code == 404
