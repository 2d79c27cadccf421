"""Writing: by suffix, whole or not at all, typed errors, nothing that depends on the machine."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import mih_impact as mih
from mih_impact import errors
from mih_impact.reporting.write import write_document
from tests.memo.sample import memo

STARTS = {".html": b"<!DOCTYPE html>", ".docx": b"PK", ".pdf": b"%PDF-"}


def test_the_suffix_says_which_and_the_folder_is_made(written, tmp_path):
    for suffix, start in STARTS.items():
        assert written[f"nb{suffix}"].read_bytes().startswith(start)
    path = write_document(memo("nb"), tmp_path / "a" / "b" / "NOTAT.HTML")
    assert path.read_bytes() == written["nb.html"].read_bytes()


@pytest.mark.parametrize("name", ["memo.odt", "memo", "memo.doc"])
def test_an_unknown_suffix_is_refused_before_any_work(tmp_path, name):
    with pytest.raises(mih.OptionError, match=r"end the name with \.html, \.docx, \.pdf"):
        write_document(memo("nb"), tmp_path / "new" / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", STARTS)
def test_a_folder_that_is_a_file_is_a_typed_error(tmp_path, suffix):
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(mih.StorageError, match="could not be written"):
        write_document(memo("nb"), tmp_path / "taken" / f"memo{suffix}")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


@pytest.mark.parametrize("suffix", STARTS)
def test_a_disk_that_is_full_leaves_what_stood_there(tmp_path, suffix, monkeypatch):
    path = tmp_path / f"memo{suffix}"
    path.write_text("before")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(mih.StorageError, match="No space left"):
        write_document(memo("nb"), path)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert path.read_text() == "before"


@pytest.mark.parametrize(("suffix", "module"), [(".docx", "docx"), (".pdf", "typst")])
def test_a_missing_extra_names_the_pip_command(tmp_path, monkeypatch, suffix, module):
    found = errors.find_spec
    monkeypatch.setattr(errors, "find_spec", lambda name: None if name == module else found(name))
    with pytest.raises(mih.MissingExtraError, match=r"pip install 'mih-impact\[memo\]'"):
        write_document(memo("nb"), tmp_path / f"memo{suffix}")
    assert list(tmp_path.iterdir()) == []


def test_nothing_depends_on_clock_locale_or_hash_seed(written, tmp_path):
    code = (
        "import sys\n"
        "from mih_impact.reporting.write import write_document\n"
        "from tests.memo.sample import memo\n"
        "for suffix in ('.html', '.docx', '.pdf'):\n"
        "    write_document(memo('nb'), sys.argv[1] + '/nb' + suffix)\n"
    )
    env = {
        **os.environ,
        "PYTHONHASHSEED": "7",
        "TZ": "Asia/Tokyo",
        "LC_ALL": "C",
        "PYTHONPATH": ".",
    }
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, env=env)
    for suffix in STARTS:
        assert (tmp_path / f"nb{suffix}").read_bytes() == written[f"nb{suffix}"].read_bytes()
