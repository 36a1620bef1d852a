"""The server of the sample site."""

import urllib.error
import urllib.request

import pytest

from gr_toolkit.demo.site import serve_site


@pytest.fixture
def site(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty").mkdir()
    (tmp_path / "index.html").write_text("<p>root</p>")
    (tmp_path / "folder" / "index.html").write_text("<p>folder</p>")
    (tmp_path / "style.css").write_text("p {}")
    (tmp_path / "sitemap.xml").write_text("<urlset><url><loc>http://{host}/folder/</loc></url></urlset>")
    (tmp_path / "_redirects").write_text("# moved\n/old.html /folder/ 301\n/short /\n")
    (tmp_path / "_private").mkdir()
    (tmp_path / "_private" / "a.html").write_text("secret")
    with serve_site(tmp_path) as url:
        yield url


def get(url):
    with urllib.request.urlopen(url, timeout=60) as response:
        return response.url, response.headers["Content-Type"], response.read().decode()


def test_server_returns_files_and_index_pages_with_their_types(site):
    assert get(f"{site}/") == (f"{site}/", "text/html", "<p>root</p>")
    assert get(f"{site}/folder/")[2] == "<p>folder</p>"
    assert get(f"{site}/style.css")[1] == "text/css"


def test_sitemap_contains_the_host_of_the_request(site):
    assert get(f"{site}/sitemap.xml")[2] == f"<urlset><url><loc>{site}/folder/</loc></url></urlset>"


def test_redirects_are_served(site):
    assert get(f"{site}/old.html")[0] == f"{site}/folder/"
    assert get(f"{site}/short")[0] == f"{site}/"


@pytest.mark.parametrize(
    "path", ["/none.html", "/_redirects", "/_private/a.html", "/%5fprivate/a.html", "/empty/"]
)
def test_missing_and_hidden_paths_are_not_found(site, path):
    with pytest.raises(urllib.error.HTTPError) as error:
        get(site + path)
    assert error.value.code == 404
