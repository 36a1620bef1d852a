"""A folder of files: listing, atomic writes, moves, and errors that name the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from gr_toolkit.errors import CannotWrite, StoreError
from gr_toolkit.store.folder import Folder


@pytest.fixture(params=["local", "memory"])
def folder(request, tmp_path: Path) -> Folder:
    """A folder that does not exist yet, local and in memory."""
    return Folder(f"{tmp_path}/a/b" if request.param == "local" else f"memory://{tmp_path.name}/a/b")


def test_folder_exists_after_its_first_file(folder):
    assert not folder.exists()
    folder.write("one", b"")
    assert folder.exists()


def test_written_file_is_read_back_and_replaced(folder):
    folder.write("one", b"1")
    folder.write("one", b"22")
    assert folder.read("one") == b"22"
    with folder.open("one") as file:
        assert (file.read(1), file.seek(0), file.read()) == (b"2", 0, b"22")


def test_names_are_sorted_and_have_the_ending(folder):
    assert folder.names(".x") == []
    for name in ("b.x", "c.y", "a.x", "x", ".tmp-d.x", "c.x"):
        folder.write(name, b"")
    assert folder.names(".x") == ["a.x", "b.x", "c.x"]


def test_missing_file_is_not_a_store_error(folder):
    for read in (folder.read, lambda name: folder.open(name).__enter__()):
        with pytest.raises(FileNotFoundError):
            read("gone")


def test_moved_file_is_in_the_other_folder_which_is_created(folder):
    folder.write("one", b"1")
    target = folder.url.removesuffix("/b") + "/c/two"
    folder.move("one", target)
    assert folder.names("") == []
    assert Folder(target.removesuffix("/two")).read("two") == b"1"


def test_move_of_a_missing_file_is_an_error_that_names_both_places(folder):
    with pytest.raises(CannotWrite, match=rf"cannot move {folder.url}/gone to {folder.url}/two: "):
        folder.move("gone", f"{folder.url}/two")


@pytest.mark.parametrize("error", [ValueError("odd"), OSError("odd")])
def test_error_while_a_file_is_open_names_the_file(folder, error):
    folder.write("one", b"1")
    with pytest.raises(StoreError, match=f"cannot read {folder.url}/one: odd") as failed, folder.open("one"):
        raise error
    assert failed.value.__cause__ is error


def test_own_error_while_a_file_is_open_is_not_translated(folder):
    folder.write("one", b"1")
    with pytest.raises(CannotWrite, match=r"^mine$"), folder.open("one"):
        raise CannotWrite("mine")


@pytest.mark.parametrize(
    ("use", "kind", "message"),
    [
        (lambda folder: folder.names(""), StoreError, "cannot list {url}: Not a directory"),
        (lambda folder: folder.read("one"), StoreError, "cannot read {url}/one: Not a directory"),
        (
            lambda folder: folder.write("one", b""),
            CannotWrite,
            "cannot write {url}/one: Not a directory. No stored data is lost: choose another --data",
        ),
    ],
)
def test_file_instead_of_a_folder_is_an_error_with_the_reason_of_the_system(tmp_path, use, kind, message):
    (tmp_path / "file").write_text("")
    folder = Folder(f"{tmp_path}/file/folder")
    with pytest.raises(kind, match=message.format(url=folder.url)) as failed:
        use(folder)
    assert type(failed.value) is kind
    assert "[Errno" not in str(failed.value)


def test_local_write_leaves_no_temporary_file(tmp_path):
    folder = Folder(str(tmp_path))
    folder.write("one", b"1")
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_sweep_removes_only_temporary_files(tmp_path):
    for name in (".tmp-one", ".hidden", "one.tmp", "tmp-one"):
        (tmp_path / name).write_text("")
    Folder(str(tmp_path)).sweep()
    assert {path.name for path in tmp_path.iterdir()} == {".hidden", "one.tmp", "tmp-one"}


def test_sweep_of_a_missing_and_of_a_remote_folder_does_nothing(tmp_path):
    Folder(f"{tmp_path}/gone").sweep()
    assert not (tmp_path / "gone").exists()
    remote = Folder(f"memory://{tmp_path.name}")
    remote.write(".tmp-one", b"1")
    remote.sweep()
    assert remote.read(".tmp-one") == b"1"


@pytest.mark.parametrize(("url", "local"), [("data", True), ("file:///data", True), ("memory://data", False)])
def test_file_urls_are_local(url, local):
    assert Folder(url).is_local is local
