"""Memory that is used again: no page is asked for twice while work goes on, and it is given back; counted in processes of their own."""

import os
import subprocess
import sys
import textwrap

import pytest

from liwi import heap

PRELUDE = """
import resource
import threading
import numpy as np
import psutil
from liwi.heap import kept_heap, share_one_heap

def faults():  # of the pages of large blocks, used and freed in turns
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(8):
        first = np.ones(100 * 2**20, np.uint8)
        second = first + 1
        del first, second
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def held():  # MiB
    return psutil.Process().memory_info().rss / 2**20
"""


def run(script: str) -> list[float]:
    """What ``print(*numbers)`` of a script says, in a process whose C library nobody has touched."""
    given = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_") and name != "GLIBC_TUNABLES"}
    whole = PRELUDE + textwrap.dedent(script)
    done = subprocess.run([sys.executable, "-c", whole], env=given, capture_output=True, text=True, check=True)
    return [float(number) for number in done.stdout.split()]


def test_pages_are_asked_for_once_and_go_back_at_the_end() -> None:
    usual, kept, before, during, after = run("""
        usual, before = faults(), held()
        with kept_heap():
            faults()
            kept, during = faults(), held()
        print(usual, kept, before, during, held())
    """)
    assert kept < usual / 10
    assert during > before + 150 and after < before + 20


def test_they_stay_until_the_last_one_leaves_also_by_an_error() -> None:
    inner, outer = run("""
        before = held()
        with kept_heap():
            try:
                with kept_heap():
                    faults()
                    raise ValueError
            except ValueError:
                inner = held() - before
        print(inner, held() - before)
    """)
    assert inner > 150 and outer < 20


def test_threads_keep_large_blocks_where_they_share_one_heap() -> None:
    usual, kept = run("""
        share_one_heap()
        found = []

        @kept_heap()
        def work():
            faults()
            found.append(faults())

        usual = faults()
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        print(usual, *found)
    """)
    assert kept < usual / 10


@pytest.mark.parametrize("name", ["MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES"])
def test_who_has_set_the_library_is_left_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "")
    heap._library.cache_clear()
    try:
        assert heap._library() is None
        with heap.kept_heap():
            assert heap._inside == 0
    finally:
        heap._library.cache_clear()
