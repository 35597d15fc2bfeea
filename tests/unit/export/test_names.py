import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liwi.export.names import layer_files, printable, safe_stem, titles, unique
from tests.unit.export.pictures import HOSTILE_NAMES


@given(st.lists(st.text(max_size=120), max_size=12))
def test_file_names_are_safe_short_and_unique(names: list[str]) -> None:
    files = layer_files(names)
    assert len({file.casefold() for file in files}) == len(names)
    for file in files:
        assert len(file) <= 60
        assert not re.search(r'[<>:"/\\|?*\x00-\x1f\x7f]', file)
        assert ".." not in file
        assert file.endswith(".png")
        assert not file[:-4].endswith((" ", "."))
        assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in file)
        file.encode("utf-8")


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("cat", "cat"),
        ("前髪", "前髪"),
        ("../../etc/passwd", "____etc_passwd"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("COM1", "_COM1"),
        ("console", "console"),
        ("...", "layer"),
        ("", "layer"),
        (" . a . ", "a"),
        ("a\n\tb", "a b"),
        ("e\u0301", "é"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("👩\u200d👧", "👩\u200d👧"),
        ("\u200d", "layer"),
    ],
)
def test_safe_stem(name: str, stem: str) -> None:
    assert safe_stem(name) == stem


def test_names_differing_in_case_alone_are_told_apart() -> None:
    assert unique(["same", "Same", "SAME", "same 2"]) == ["same", "Same 2", "SAME 3", "same 2 2"]
    assert [len(name) for name in unique(["x" * 90] * 3)] == [60, 60, 60]


@given(st.lists(st.sampled_from(HOSTILE_NAMES) | st.text(max_size=300), max_size=8))
def test_titles_are_one_line_and_never_empty(names: list[str]) -> None:
    made = titles(names)
    assert len(set(made)) == len(names)
    assert all(title and len(title) <= 250 and printable(title) == title for title in made)
