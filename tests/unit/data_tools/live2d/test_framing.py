"""Messages over a pipe: what is sent arrives, and anything else is an error that names itself."""

import io
import struct

import pytest

from data_tools.live2d.framing import BrokenMessage, receive, send


def sent(*messages: tuple[dict[str, object], dict[str, bytes]]) -> io.BytesIO:
    stream = io.BytesIO()
    for header, blobs in messages:
        send(stream, header, blobs)
    stream.seek(0)
    return stream


def test_messages_arrive_in_order_and_whole() -> None:
    messages = [({"a": [1, "頭"]}, {"x": b"\0" * 3_000_000, "y": b""}), ({}, {}), ({"b": None}, {"z": b"\xff"})]
    stream = sent(*messages)
    assert [receive(stream) for _ in messages] == messages


@pytest.mark.parametrize("length", [0, 3, 5, 40])
def test_a_message_that_ends_early_is_broken(length: int) -> None:
    with pytest.raises(BrokenMessage):
        receive(io.BytesIO(sent(({"a": 1}, {"x": b"12345678"})).getvalue()[:length]))


@pytest.mark.parametrize(
    "header",
    [b"{", b"[]", b"3", b"{}", b'{"blobs": 3}', b'{"blobs": [["x"]]}', b'{"blobs": [["x", -5]]}', b'{"blobs": [["x", 1e12]]}', b"\xff"],
)
def test_a_header_that_is_none_is_broken(header: bytes) -> None:
    with pytest.raises(BrokenMessage):
        receive(io.BytesIO(struct.pack("<I", len(header)) + header))


def test_an_impossible_length_is_refused_before_anything_is_read() -> None:
    with pytest.raises(BrokenMessage, match="4294967295"):
        receive(io.BytesIO(b"\xff\xff\xff\xff"))
