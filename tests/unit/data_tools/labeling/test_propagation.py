"""Labels that spread through the part tree: three stages, in order."""

from dataclasses import replace

from data_tools.labeling.propagation import Node, propagate
from liwi.seethrough.body_parts import BodyPart

HAIR, FACE, SHOES = BodyPart.FRONT_HAIR, BodyPart.FACE, BodyPart.FOOTWEAR


def node(name: str, path: str, part: BodyPart | None = None, score: float = 0.0) -> Node:
    return Node((name,), tuple(path.split("/")) if path else (), part, score)


def test_a_shared_word_of_the_artist_decides_first() -> None:
    nodes = [
        node("suika_01", "A", SHOES, 0.9),
        node("suika_02", "B"),
        node("ArtMesh3", "B", FACE, 0.9),
        node("ArtMesh4", "B", FACE, 0.9),
        node("ArtMesh5", "C", HAIR, 0.9),
    ]
    vote = propagate(nodes)[1]
    assert vote is not None
    assert (vote.part, vote.source) == (SHOES, "name match 'suika'")


def test_generic_words_are_shared_by_everything_and_match_nothing() -> None:
    nodes = [node("ArtMesh1", "A", SHOES, 0.9), node("ArtMesh2", "B"), node("ArtMesh3", "B", FACE, 0.9)]
    vote = propagate(nodes)[1]
    assert vote is not None
    assert (vote.part, vote.source) == (FACE, "sibling vote 1/1")


def test_siblings_vote_with_their_scores() -> None:
    nodes = [node("m1", "A"), node("m2", "A", HAIR, 0.9), node("m3", "A", FACE, 0.3), node("m4", "A", FACE, 0.3)]
    vote = propagate(nodes)[0]
    assert vote is not None
    assert vote.part is HAIR
    assert abs(vote.share - 0.6) < 1e-9
    assert vote.levels == 0


def test_the_parents_are_asked_up_to_the_root() -> None:
    nodes = [node("m1", "A/B/C"), node("m2", "A/D", HAIR, 0.9), node("m3", "E", SHOES, 0.9), node("m4", "E", SHOES, 0.9)]
    vote, lonely = propagate(nodes)[0], propagate([nodes[0], *nodes[2:]])[0]
    assert vote is not None
    assert lonely is not None
    assert (vote.part, vote.source, vote.levels) == (HAIR, "parent vote 1/1 in 'A'", 3)
    assert (lonely.part, lonely.source) == (SHOES, "parent vote 2/2 in the whole model")


def test_nobody_votes_for_itself_and_without_labels_there_is_no_vote() -> None:
    assert propagate([node("m1", "A", HAIR, 0.9)]) == [None]
    assert propagate([node("m1", "A"), node("m2", "")]) == [None, None]


def test_the_order_of_the_art_meshes_does_not_matter() -> None:
    nodes = [node("m1", "A"), node("m2", "A", HAIR, 0.5), node("m3", "A", FACE, 0.5), node("m4", "A/B", FACE, 0.9)]
    forward, backward = propagate(nodes), propagate(nodes[::-1])[::-1]
    assert forward == backward


def test_what_shows_nothing_votes_too() -> None:
    nodes = [node("m1", "A"), replace(node("m2", "A"), score=0.9)]
    vote = propagate(nodes)[0]
    assert vote is not None
    assert vote.part is None
