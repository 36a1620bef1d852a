"""The credentials of a crawl: who receives them, and that they and passwords in URLs are stored nowhere."""

from __future__ import annotations

import threading

import pytest
from scrapy import Request

from crawl.credentials import authorization, variable_of
from crawl.fetch import FRONTIER
from crawl.sources.sources import read_sources
from crawl.web.download import may_carry_credentials
from files import contents
from gr_toolkit.errors import GrError, UsageError
from rows import rows_of

BASIC = "Basic YW5uOnBsYW50ZWQtcGFzc3dvcmQ="  # ann:planted-password


@pytest.fixture
def given(monkeypatch, site):
    """Set the credentials of the site; return the headers Authorization that it receives, by path."""
    monkeypatch.setenv(variable_of(site.url.removeprefix("http://")), "ann:planted-password")
    received: dict[str, str | None] = {}

    def reply_to(path, reply):
        def answer(headers):
            received[path] = headers["Authorization"]
            return reply

        site.replies[path] = answer

    return received, reply_to


def test_every_host_has_a_variable_of_its_own():
    hosts = ["a.b.org", "a-b.org", "a_b.org", "a.b.org:8080", "127.0.0.1:80", "[::1]:8080"]
    names = [variable_of(host) for host in hosts]
    assert names[:4] == ["GR_AUTH_A_B_ORG", "GR_AUTH_A__B_ORG", "GR_AUTH_A___B_ORG", "GR_AUTH_A_B_ORG_8080"]
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() for name in names)


def test_credentials_go_to_their_host_over_https_only(monkeypatch):
    monkeypatch.setenv("GR_AUTH_E_ORG", "ann:planted-password")
    monkeypatch.setenv("GR_AUTH_F_ORG_8080", "Bearer a.b-c")
    assert authorization("https://e.org/x?y=1") == authorization("https://E.org:443/") == BASIC
    assert authorization("https://f.org:8080/") == "Bearer a.b-c"
    others = [
        "http://e.org/",
        "https://e.org:8080/",
        "https://www.e.org/",
        "https://f.org/",
        "https://x/e.org",
    ]
    assert [authorization(url) for url in others] == [None] * len(others)


def test_credentials_go_to_this_machine_and_private_addresses_over_http_too(monkeypatch):
    for host in ("LOCALHOST", "10_0_0_1", "8_8_8_8"):
        monkeypatch.setenv(f"GR_AUTH_{host}", "ann:planted-password")
    assert authorization("http://localhost/") == authorization("http://10.0.0.1/") == BASIC
    assert authorization("http://8.8.8.8/") is None


@pytest.mark.parametrize("value", ["planted", "Bearer", "Bearer plan ted", "Bearer pläntéd", "ann:plan\nted"])
def test_malformed_credentials_are_refused_and_not_shown(monkeypatch, value):
    monkeypatch.setenv("GR_AUTH_E_ORG", value)
    with pytest.raises(
        UsageError, match="GR_AUTH_E_ORG must be user:password, or Bearer and a token"
    ) as error:
        read_sources([])
    assert "plan" not in str(error.value)


def test_credentials_are_sent_with_every_request_to_their_host_and_stored_nowhere(
    site, crawl, given, page, store
):
    received, reply_to = given
    reply_to("/robots.txt", page(""))
    reply_to("/", page("start", "/next"))
    reply_to("/next", page("next"))
    assert crawl(f"{site.url}/").kept == 2
    assert received == dict.fromkeys(["/robots.txt", "/", "/next"], BASIC)
    stored = [*contents(store.state.parent).values(), repr(rows_of(store, "pages")).encode()]
    assert not any(secret in each for secret in (b"planted", BASIC[6:].encode()) for each in stored)


def test_a_rendered_page_uses_the_credentials_of_its_own_host_only():
    def allowed(referer, **meta):
        headers = {"Referer": referer} if referer else {}
        return may_carry_credentials(Request("https://e.org/x.js", headers=headers, meta=meta))

    assert allowed("https://e.org/page")
    assert not allowed("https://f.org/")
    assert not allowed("")
    assert allowed("", entry=object())
    assert allowed("", is_robots_txt=True)


def test_a_redirect_to_another_host_carries_no_credentials(site, crawl, given, page, reply):
    received, reply_to = given
    with type(site)() as other:
        threading.Thread(target=other.serve_forever, args=(0.02,), daemon=True).start()
        seen = []
        other.replies["/there"] = lambda headers: seen.append(headers["Authorization"]) or page("there")
        reply_to("/go", reply(b"", 302, headers={"Location": f"{other.url}/there"}))
        assert crawl(f"{site.url}/go").kept == 1
        other.shutdown()
    assert received == {"/go": BASIC}
    assert seen == [None]


def test_a_redirect_on_the_same_host_carries_the_credentials(site, crawl, given, page, reply):
    received, reply_to = given
    reply_to("/go", reply(b"", 302, headers={"Location": "/there"}))
    reply_to("/there", page("there"))
    assert crawl(f"{site.url}/go").kept == 1
    assert received == {"/go": BASIC, "/there": BASIC}


@pytest.mark.parametrize(
    ("source", "advice"),
    [
        ("https://ann:planted@e.org:8080/x?token=planted", "variable GR_AUTH_E_ORG_8080 to user:password"),
        ("http://planted@e.org/", "variable GR_AUTH_E_ORG to user:password"),
        ("s3://id:planted@bucket/pages.warc.gz", "by its own environment variables"),
    ],
)
def test_a_source_with_a_user_name_is_refused_and_not_shown(source, advice):
    with pytest.raises(UsageError, match="holds a user name or password: remove it, and") as error:
        read_sources([source])
    assert advice in str(error.value)
    assert "planted" not in str(error.value)


@pytest.mark.parametrize(
    "source", ["https://ann:p/planted@e.org/", "ann:planted@e.org", "ftp://a:planted@e.org/"]
)
def test_an_unknown_source_is_named_without_its_password(source):
    with pytest.raises(UsageError) as error:
        read_sources([source])
    assert "planted" not in str(error.value)


def test_a_store_whose_address_holds_a_name_before_an_at_sign_is_accepted():
    (archive,) = read_sources(["abfs://container@account.dfs.core.windows.net/pages.warc.gz"]).archives
    assert archive.name.startswith("abfs://container@account")


@pytest.mark.parametrize("server", ["index", "data"])
def test_a_common_crawl_server_with_a_user_name_is_refused_and_not_shown(server):
    with pytest.raises(UsageError, match=f"common_crawl_{server} must not hold a user name") as error:
        read_sources([], **{server: "https://ann:planted@e.org"})
    assert "planted" not in str(error.value)


def test_an_entry_of_a_list_with_a_user_name_is_skipped_and_noted_by_its_number(tmp_path):
    path = tmp_path / "urls.txt"
    path.write_text("https://e.org/a\nhttps://ann:planted@e.org/b\njunk\n")
    sources = read_sources([str(path)])
    assert [urls.pages for urls in sources.batches()] == [[], ["https://e.org/a"]]
    assert sources.notes == [
        f"{path}: skipped 1 lines with a user name in the URL: number 2",
        f"{path}: skipped 1 lines without a URL: number 3",
    ]


def test_links_redirects_and_sitemaps_with_a_user_name_are_followed_without_it(
    site, crawl, page, reply, store
):
    user = site.url.replace("//", "//ann:planted@")
    seen = []

    def answer(headers):
        seen.append(headers["Authorization"])
        return page("found")

    listed = f"<urlset><url><loc>{user}/listed</loc></url></urlset>".encode()
    site.replies |= {
        "/start": page("start", f"{user}/link", "/go"),
        "/go": reply(b"", 302, headers={"Location": f"{user}/target"}),
        "/sitemap.xml": reply(listed, type="text/xml"),
        "/link": answer,
        "/target": answer,
        "/listed": answer,
    }
    crawl(f"{site.url}/start", f"{site.url}/sitemap.xml")
    assert seen == [None] * 3
    urls = {row["url"] for row in rows_of(store, "pages")}
    assert urls == {f"{site.url}/{name}" for name in ("start", "link", "target", "listed")}
    assert b"planted" not in (store.state / FRONTIER).read_bytes()


def test_a_page_of_an_archive_loses_the_user_name_in_its_url(tmp_path, crawl, store):
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "a.html").write_text("<p>A page.</p>")
    index = '{"path": "a.html", "url": "https://ann:planted@e.org/a"}'
    (tmp_path / "saved" / "index.jsonl").write_text(index)
    crawl(str(tmp_path / "saved"))
    assert [row["url"] for row in rows_of(store, "pages")] == ["https://e.org/a"]


def test_a_secret_in_the_query_of_a_failed_source_is_masked(site, crawl):
    url = f"{site.url}/missing.xml?token=planted"
    with pytest.raises(GrError, match=r"nothing was fetched: .*token=\*\*\*: status 404"):
        crawl(url)
