"""Names as artists leave them: generic mesh ids, Japanese, Chinese or English parts, wrappers without a meaning, things filed wrongly.

Nothing may be learnt from a synthetic model's names that real models do not offer, so a style is chosen per model and applied to all of it.
"""

from dataclasses import dataclass
from random import Random

from data_tools.live2d.synthetic.figure import Figure

STYLES = ("cubism", "photoshop", "generic", "pinyin", "english", "legacy")

_WORDS: dict[str, tuple[str, str, str]] = {
    "hair": ("Hair", "髪", "toufa"),
    "front": ("HairFront", "前髪", "liuhai"),
    "side": ("HairSide", "横髪", "cefa"),
    "back": ("HairBack", "後ろ髪", "houfa"),
    "face": ("Face", "顔", "lian"),
    "cheek": ("Cheek", "頬", "saihong"),
    "eye": ("Eye", "目", "yanjing"),
    "eyeball": ("EyeBall", "目玉", "tongkong"),
    "brow": ("Brow", "眉毛", "meimao"),
    "nose": ("Nose", "鼻", "bizi"),
    "mouth": ("Mouth", "口", "zui"),
    "ear": ("Ear", "耳", "erduo"),
    "eyewear": ("Glasses", "メガネ", "yanjing_kuang"),
    "earring": ("Earring", "イヤリング", "erhuan"),
    "headwear": ("Hat", "帽子", "maozi"),
    "tie": ("HairTie", "髪留め", "fasheng"),
    "body": ("Body", "体", "shenti"),
    "skin": ("Skin", "肌", "pifu"),
    "neck": ("Neck", "首", "bozi"),
    "neckwear": ("Ribbon", "リボン", "hudiejie"),
    "top": ("Top", "上着", "shangyi"),
    "bottom": ("Skirt", "スカート", "qunzi"),
    "leg": ("Leg", "脚", "tui"),
    "sock": ("Socks", "靴下", "wazi"),
    "shoe": ("Shoes", "靴", "xiezi"),
    "arm left": ("ArmL", "左腕", "zuoshou"),
    "arm right": ("ArmR", "右腕", "youshou"),
    "arm left a": ("ArmLA", "左腕 A", "zuoshou_a"),
    "arm right a": ("ArmRA", "右腕 A", "youshou_a"),
    "arm left b": ("ArmLB", "左腕 B", "zuoshou_b"),
    "arm right b": ("ArmRB", "右腕 B", "youshou_b"),
    "tail": ("Tail", "しっぽ", "weiba"),
    "wings": ("Wing", "羽", "chibang"),
    "object": ("Item", "小物", "daoju"),
    "left": ("L", "左", "zuo"),
    "right": ("R", "右", "you"),
    "core": ("Core", "コア", "hexin"),
}
_WRAPPERS = {
    "cubism": "キャラクター",
    "photoshop": "レイヤーセット 1",
    "generic": "Group",
    "pinyin": "renwu",
    "english": "Character",
    "legacy": "PARTS",
}
_LOOSE = {"skin", "top", "bottom", "neckwear"}
"""Folders that many artists never make: their layers lie in the body's."""


@dataclass(frozen=True)
class Name:
    """A part: its id, the name shown in the editor, its parent's id."""

    id: str
    shown: str
    parent: str | None


@dataclass(frozen=True)
class Names:
    """Names of one model.

    Attributes:
        parts: parents before children.
        part_of: fragment key to the id of its part.
        mesh_ids: fragment key to the id of its ArtMesh.
        folders: plain folder path to part id.
    """

    style: str
    parts: list[Name]
    part_of: dict[str, str]
    mesh_ids: dict[str, str]
    folders: dict[tuple[str, ...], str]


def choose_names(figure: Figure, style: str | None = None) -> Names:
    """Names for every part and ArtMesh of a figure: in one of `STYLES`, which chance chooses where none is asked for."""
    random = figure.random
    by_chance = random.choices(STYLES, [5, 3, 3, 2, 2, 2])[0]
    style = style or by_chance
    figure.choices["naming"] = style
    joined_sides, loose_body = random.random() < 0.5, random.random() < 0.5
    parts: list[Name] = []
    folders: dict[tuple[str, ...], str] = {}
    root = _wrap(random, style, parts)
    part_of = {}
    for fragment in figure.fragments:
        folder = tuple(
            word for word in fragment.folder if not (joined_sides and word in {"left", "right"}) and not (loose_body and word in _LOOSE)
        )
        for depth in range(1, len(folder) + 1):
            path = folder[:depth]
            if path not in folders:
                parent = folders[path[:-1]] if depth > 1 else root
                folders[path] = _unused(_part_id(style, path, len(parts)), parts)
                parts.append(Name(folders[path], _shown(style, path[-1], len(parts)), parent))
        part_of[fragment.key] = folders[folder]
    _misfile(figure, part_of)
    mesh_ids = _mesh_ids(figure, style)
    return Names(style, parts, part_of, mesh_ids, folders)


def _wrap(random: Random, style: str, parts: list[Name]) -> str | None:
    """Up to three folders around everything; the outer ones hold nothing else."""
    parent = None
    for index in range(random.choice([0, 1, 1, 2, 3])):
        name = Name(
            f"PartGroup{index}" if style != "generic" else f"Part{900 + index}",
            _WRAPPERS[style] + ("" if index == 0 else f" {index}"),
            parent,
        )
        parts.append(name)
        parent = name.id
    return parent


def _part_id(style: str, path: tuple[str, ...], index: int) -> str:
    word = _WORDS[path[-1]][0]
    if path[-1] in {"left", "right"}:
        word = _WORDS[path[-2]][0] + word
    match style:
        case "cubism" | "english":
            taken = path[-1] in {"front", "side", "back"} or len(path) == 1
            return f"Part{word}" if taken else f"Part{_WORDS[path[0]][0]}{word}"
        case "photoshop":
            return f"Part01{word}{index:03d}"
        case "legacy":
            return f"PARTS_01_{word.upper()}_{index:03d}"
        case "pinyin":
            return f"Part_{_WORDS[path[-1]][2]}{index}"
        case _:
            return f"Part{index + 1}"


def _unused(wanted: str, parts: list[Name]) -> str:
    taken, number = {part.id for part in parts}, 2
    name = wanted
    while name in taken:
        name, number = f"{wanted}{number}", number + 1
    return name


def _shown(style: str, word: str, index: int) -> str:
    english, japanese, pinyin = _WORDS[word]
    return {
        "cubism": japanese,
        "photoshop": japanese,
        "generic": f"Group {index + 1}",
        "pinyin": pinyin,
        "english": english,
        "legacy": japanese,
    }[style]


def _misfile(figure: Figure, part_of: dict[str, str]) -> None:
    """A few layers lie where a tired artist dropped them; never across the parts that pose3.json switches."""
    movable = [fragment.key for fragment in figure.fragments if not fragment.folder[0].startswith(("arm", "core", "object"))]
    for key in figure.random.sample(movable, k=min(len(movable), figure.random.choice([0, 0, 1, 2]))):
        part_of[key] = part_of[figure.random.choice(movable)]


def _mesh_ids(figure: Figure, style: str) -> dict[str, str]:
    random, ids = figure.random, {}
    gaps, number = [], 0
    for _ in figure.fragments:
        number += random.choice([1, 1, 1, 2, 5])
        gaps.append(number)
    random.shuffle(gaps)
    for index, fragment in enumerate(figure.fragments):
        word = _WORDS[fragment.folder[-1] if fragment.folder[-1] not in {"left", "right"} else fragment.folder[-2]]
        match style:
            case "photoshop":
                ids[fragment.key] = f"D_PSD_{gaps[index]:02d}"
            case "pinyin":
                ids[fragment.key] = f"{word[2]}{index}"
            case "english":
                ids[fragment.key] = f"{word[0]}_{index:02d}"
            case "legacy":
                ids[fragment.key] = f"D_{word[0].upper()}_{index:02d}"
            case _:
                ids[fragment.key] = f"ArtMesh{gaps[index]}"
    return ids
