"""Names of parts as artists write them."""

import tomllib
from collections import Counter
from pathlib import Path

import pytest

from data_tools.labeling import part_names
from data_tools.labeling.part_names import MAX_NAME, normalise, read_name
from liwi.seethrough.body_parts import BodyPart, Side

TABLE = Path(part_names.__file__).with_suffix(".toml")


def part_of(name: str) -> BodyPart | None:
    rule = read_name(name).rule
    return rule.parts[0] if rule and rule.parts else None


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("PartHairFront", BodyPart.FRONT_HAIR),
        ("hair_front_01", BodyPart.FRONT_HAIR),
        ("hairback", BodyPart.BACK_HAIR),
        ("PARTS_01_EYE_BALL_001", BodyPart.IRIDES),
        ("Part01ArmLA001", BodyPart.HANDWEAR),
        ("Eyelashes", BodyPart.EYELASH),
        ("PartHatHairTie", BodyPart.HEADWEAR),
        ("前髪左(スキニング)", BodyPart.FRONT_HAIR),
        ("後ろ髪", BodyPart.BACK_HAIR),
        ("ジャケット 左腕", BodyPart.HANDWEAR),
        ("手袋_1", BodyPart.HANDWEAR),
        ("手首", BodyPart.HANDWEAR),
        ("首", BodyPart.NECK),
        ("靴下", BodyPart.LEGWEAR),
        ("靴", BodyPart.FOOTWEAR),
        ("liuhai", BodyPart.FRONT_HAIR),
        ("mei_mao", BodyPart.EYEBROW),
        ("裙子", BodyPart.BOTTOMWEAR),
    ],
)
def test_english_japanese_and_chinese_names_are_known(name: str, part: BodyPart) -> None:
    assert part_of(name) is part


@pytest.mark.parametrize("name", ["heart", "PartHeart", "armor", "Charm", "teardrop", "nosegay", "background", "hearth", "ハート"])
def test_a_word_inside_another_word_does_not_count(name: str) -> None:
    assert part_of(name) is None


def test_a_short_kana_word_inside_a_longer_one_does_not_count() -> None:
    assert part_of("ツノ") is BodyPart.HEADWEAR
    assert part_of("ミツノリ") is None


@pytest.mark.parametrize(
    "forms", [("まゆ毛", "マユ毛", "ﾏﾕ毛"), ("メガネ", "めがね", "ﾒｶﾞﾈ"), ("EyeBall", "ＥｙｅＢａｌｌ", "eye_ball", "EYEBALL", "eyeBalls")]
)
def test_width_kana_and_case_make_no_difference(forms: tuple[str, ...]) -> None:
    assert len({part_of(form) for form in forms}) == 1
    assert part_of(forms[0]) is not None


@pytest.mark.parametrize(
    ("name", "side"),
    [
        ("EyeL1", Side.LEFT),
        ("ArmRB", Side.RIGHT),
        ("PartArmAL", Side.LEFT),
        ("left_hand", Side.LEFT),
        ("右目", Side.RIGHT),
        ("左横髪", Side.LEFT),
        ("xie_you", Side.RIGHT),
        ("leg", None),
        ("ribbon", None),
        ("EyeL_EyeR", None),
    ],
)
def test_sides_are_the_characters_own(name: str, side: Side | None) -> None:
    assert read_name(name).side is side


def test_the_thing_decides_over_the_region_it_lies_in() -> None:
    assert part_of("PartBodySocks") is BodyPart.LEGWEAR
    assert part_of("FaceEar") is BodyPart.EARS


@pytest.mark.parametrize("name", ["", "   ", "\x00", "Part", "ArtMesh93", "🙂", "\udc80", "a" * 100_000, "目" * 100_000])
def test_any_text_can_be_read(name: str) -> None:
    assert read_name(name).rule is None or len(name) > MAX_NAME


def test_every_word_of_the_table_stands_in_one_row_and_finds_it() -> None:
    rows = tomllib.loads(TABLE.read_text("utf-8"))["rule"]
    words = Counter(normalise(word).lower() for row in rows for word in row["words"])
    twice = {word for word, count in words.items() if count > 1}
    found = {(row["name"], word): read_name(word).rule for row in rows for word in row["words"]}
    assert not twice
    assert not {pair for pair, rule in found.items() if rule is None or rule.name != pair[0]}
