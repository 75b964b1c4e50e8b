import os
import socket
from pathlib import Path

import pytest

from jaxunlearn.errors import InputError
from jaxunlearn.files import door
from jaxunlearn.files.door import local_path, open_file, read_bytes, read_json, read_text, write_json


def test_only_regular_files_are_opened_and_none_is_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="pipe: is a pipe, not a file"):
        open_file(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        with pytest.raises(InputError, match="socket: is a socket, not a file"):
            open_file(tmp_path / "socket")
    with pytest.raises(InputError, match="is a device"):
        open_file("/dev/zero")
    with pytest.raises(InputError, match="is a folder"):
        open_file(tmp_path)
    with pytest.raises(InputError, match="no such file"):
        open_file(tmp_path / "absent")
    with pytest.raises(InputError, match="not a valid file name"):
        open_file("zero\0byte")


def test_a_link_to_a_file_is_followed(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    with open_file(tmp_path / "link") as file:
        assert file.read() == b"content"


def test_files_too_large_for_what_they_should_be(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"1234")
    assert read_bytes(tmp_path / "file", most=4) == b"1234"
    with pytest.raises(InputError, match="too large"):
        read_bytes(tmp_path / "file", most=3)


def test_text_is_utf8_with_or_without_a_mark(tmp_path: Path):
    (tmp_path / "with").write_text("Zoë", encoding="utf-8-sig")
    (tmp_path / "without").write_text("Zoë", encoding="utf-8")
    assert read_text(tmp_path / "with") == read_text(tmp_path / "without") == "Zoë"
    (tmp_path / "latin").write_text("Zoë", encoding="latin-1")
    with pytest.raises(InputError, match="latin: is not text in UTF-8"):
        read_text(tmp_path / "latin")


@pytest.mark.parametrize("text", ["{", "", "[" * 200_000, '{"a": ' * 100_000])
def test_json_that_is_none_or_has_no_bottom(tmp_path: Path, text: str):
    (tmp_path / "file.json").write_text(text)
    with pytest.raises(InputError, match=r"file\.json: (not readable as JSON|is nested too deep)") as caught:
        read_json(tmp_path / "file.json")
    assert len(str(caught.value).splitlines()) == 1


def test_json_there_and_back_whatever_the_locale(tmp_path: Path):
    write_json(tmp_path / "file.json", {"name": "Zoë 李"})
    assert read_json(tmp_path / "file.json") == {"name": "Zoë 李"}


@pytest.mark.parametrize(
    "address", ["gs://bucket/run", "gs:/bucket/run", "s3://b/k", "hf://user/name", "https://host/file"]
)
def test_addresses_are_refused_by_name(address: str):
    with pytest.raises(InputError, match=f"paths of {address.partition(':')[0]}://"):
        local_path(address)
    with pytest.raises(InputError, match=f"paths of {address.partition(':')[0]}://"):
        local_path(Path(address))


def test_paths_of_this_machine_pass():
    for text in ("runs/seed7", "C:/photos", "C:\\photos", "/a:b/c", "./gs:/x", "a:b"):
        assert local_path(text) == Path(text)


def test_what_is_written_and_fails_leaves_the_file_before_it(tmp_path: Path):
    write_json(tmp_path / "file.json", {"first": 1})
    with pytest.raises(TypeError):
        door.write_json(tmp_path / "file.json", {"second": object()})
    assert read_json(tmp_path / "file.json") == {"first": 1}
    assert os.listdir(tmp_path) == ["file.json"]
