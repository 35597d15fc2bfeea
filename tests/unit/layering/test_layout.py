"""Which frames stand where."""

import pytest

from liwi.errors import InputError
from liwi.layering.layout import CONDITION, MAX_LAYERS, Frame0, TokenLayout, back_to_front


def test_frames_stand_in_the_order_of_the_published_model() -> None:
    layout = TokenLayout(3, 5, 2, Frame0.SOURCE)
    assert layout.indices == (0, 1, 2, 3, CONDITION)
    assert layout.stock_shapes() == [(1, 3, 5)] * 5
    assert layout.predicted == slice(0, 4 * 15)
    assert layout.condition == slice(4 * 15, 5 * 15)
    assert layout.num_tokens == 5 * 15


def test_the_published_sizes_give_the_published_token_counts() -> None:
    for side, per_frame, one, four in ((640, 1600, 6_400, 11_200), (1024, 4096, 16_384, 28_672)):
        rows = side // 16
        assert TokenLayout(rows, rows, 1).frame_tokens == per_frame
        assert TokenLayout(rows, rows, 1).num_tokens == one
        assert TokenLayout(rows, rows, 4).num_tokens == four
    assert TokenLayout(64, 64, 4, degraded=(0, 1, 2, 3)).num_tokens == 45_056


def test_without_frame_0_the_background_keeps_its_index() -> None:
    layout = TokenLayout(2, 2, 2, Frame0.NONE, num_context=1)
    assert layout.indices == (1, 2, 3, 4, CONDITION)
    assert layout.num_predicted == 3


def test_context_frames_stand_between_the_layers_and_the_source() -> None:
    layout = TokenLayout(2, 2, 1, num_context=2, degraded=(0,))
    assert layout.indices == (0, 1, 2, 3, 4, CONDITION, 2)
    assert layout.auxiliary == slice(6 * 4, 7 * 4)
    assert layout.main == slice(0, 6 * 4)


def test_a_degraded_frame_sees_the_source_and_itself_and_nobody_sees_it() -> None:
    matrix = TokenLayout(1, 1, 2, degraded=(0, 1)).attention_matrix()
    assert matrix[5] == [False, False, False, False, True, True, False]
    assert matrix[6] == [False, False, False, False, True, False, True]
    assert [row[5:] for row in matrix[:5]] == [[False, False]] * 5


def test_the_papers_order_is_turned_round() -> None:
    front_first = ("F_1", "F_2", "F_3")
    assert back_to_front(front_first) == ("F_3", "F_2", "F_1")
    frames = [f"F_{len(front_first) - place}" for place in range(3)]
    assert tuple(frames) == back_to_front(front_first)  # frame 2 + (K - k) holds F_k
    assert back_to_front(back_to_front(front_first)) == front_first


@pytest.mark.parametrize("num_layers", [0, -1, MAX_LAYERS + 1, 20])
def test_impossible_layer_counts_are_refused_with_a_way_out(num_layers: int) -> None:
    with pytest.raises(InputError, match=rf"{num_layers} layers .* expected 1 to {MAX_LAYERS}.*second round"):
        TokenLayout(4, 4, num_layers - 1)
