"""Photographs of known records, as a table names them."""

from __future__ import annotations

from pathlib import Path

import pytest

from vizecg.spec import UsageError
from vizecg_bench.pack.known_photos import known_photos

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("name", ["photos", "copied elsewhere"])
def test_the_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    folder, table = tmp_path / name, tmp_path / "photos.csv"
    (folder / "phone").mkdir(parents=True)
    (folder / "phone" / "a.jpg").touch()
    table.write_text("image,ecg_id\nphotos/phone/a.jpg,12\nphotos/phone/b.jpg,13\nphotos/phone/c.jpg,\n")
    assert known_photos(folder, table) == [(folder / "phone" / "a.jpg", 12)]


def test_another_table_is_refused_in_one_line(tmp_path: Path) -> None:
    table = tmp_path / "photos.csv"
    table.write_text("name\nphotos/a.jpg\n")
    with pytest.raises(UsageError, match="columns image and ecg_id"):
        known_photos(tmp_path, table)
