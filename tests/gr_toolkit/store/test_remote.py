"""Tables at an fsspec URL: in memory, and on moto's S3 server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFile

from gr_toolkit.errors import CannotWrite, CorruptShard, MissingExtra, StoreError, UsageError
from gr_toolkit.report.funnel import count
from gr_toolkit.store import Store
from rows import fill

NO_SERVER = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_DEFAULT_REGION": "us-east-1"}
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """The URL of the only bucket on an S3 server."""
    pytest.importorskip("s3fs", reason="needs s3fs: pip install 'gr-toolkit[s3]'")
    server_module = pytest.importorskip("moto.server", reason="needs moto[server]")
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as environment:
        settings = NO_SERVER | dict.fromkeys(KEYS, "test") | {"AWS_ENDPOINT_URL": f"http://{host}:{port}"}
        for name, value in settings.items():
            environment.setenv(name, value)
        fsspec.filesystem("s3").makedirs(
            "bucket", exist_ok=True
        )  # moto keeps buckets after a server has stopped
        yield "s3://bucket"
    server.stop()


@pytest.fixture(params=["memory", "s3"])
def remote(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """An empty store in memory, and one on S3."""
    base = request.getfixturevalue("s3") if request.param == "s3" else "memory://"
    return Store(f"{base}/{tmp_path.name}", tmp_path)


def test_remote_rows_are_read_back_and_missing_shards_are_pending(remote):
    rows = [fill("pages", f"{n}", kept=n > 0, reason=None if n else "empty") for n in range(3)]
    assert remote.table("pages").shards() == []
    for shard in "ab":
        remote.table("pages").write(shard, rows)
    with remote.table("texts").writing():
        remote.table("texts").write("a", [])
        assert remote.table("texts").check() == []
    assert remote.table("pages").rows("b") == rows
    assert remote.table("texts").pending("pages") == ["b"]
    assert remote.table("pages").rows_in(["a", "b"]) == 6
    counts = count(remote.table("pages"))
    assert (counts.rows, counts.shards, counts.kept, dict(counts.reasons)) == (6, 2, 4, {"empty": 2})


def test_remote_corrupt_shard_is_moved_aside(remote):
    table = remote.table("pages")
    table.write("a", [fill("pages")])
    table.folder.write("b.parquet", b"PAR1 nonsense PAR1")
    with pytest.raises(CorruptShard, match=f"moved it to {remote.data}/corrupt/pages-b.parquet"):
        table.read("b")
    assert table.shards() == ["a"]
    assert fsspec.filesystem(remote.data.split(":")[0]).cat(f"{remote.data}/corrupt/pages-b.parquet")


@pytest.mark.parametrize("kind", [TimeoutError, fsspec.exceptions.FSTimeoutError, ConnectionResetError])
def test_network_error_during_a_read_does_not_move_the_shard(tmp_path, monkeypatch, kind):
    def fail(*_):
        raise kind

    table = Store(f"memory://{tmp_path.name}", tmp_path).table("pages")
    table.write("a", [fill("pages")])
    with monkeypatch.context() as patched:
        patched.setattr(MemoryFile, "read", fail)
        for read in (lambda: table.read("a"), lambda: table.rows_in(["a"])):
            with pytest.raises(StoreError, match=r"cannot read memory://.*pages/a\.parquet") as failed:
                read()
            assert not isinstance(failed.value, CorruptShard)
    assert table.rows("a") == [fill("pages")]


def test_missing_bucket_is_an_error_and_is_not_created(s3, tmp_path):
    table = Store("s3://typo/run", tmp_path).table("pages")
    assert table.shards() == []
    with pytest.raises(CannotWrite, match=r"s3://typo/run/pages/a\.parquet: .*bucket does not exist"):
        table.write("a", [])
    assert not fsspec.filesystem("s3").exists("s3://typo")


def test_missing_credentials_are_a_one_line_error(s3, tmp_path, monkeypatch):
    for name in KEYS:
        monkeypatch.delenv(name)
    fsspec.filesystem("s3").clear_instance_cache()
    with pytest.raises(StoreError, match="cannot list s3://bucket/run/pages: Unable to locate credentials"):
        Store("s3://bucket/run", tmp_path).table("pages").shards()
    fsspec.filesystem("s3").clear_instance_cache()


def test_unknown_url_scheme_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="nonsense://bucket/pages is not a data folder"):
        Store("nonsense://bucket", tmp_path).table("pages")


def test_missing_package_is_named_with_its_install_command(tmp_path):
    pytest.importorskip("fsspec")
    with pytest.raises(
        MissingExtra, match=r"adl://bucket/pages needs .*pip install PACKAGE \(which fsspec needs for adl\)"
    ):
        Store("adl://bucket", tmp_path).table("pages")
