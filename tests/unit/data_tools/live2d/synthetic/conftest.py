"""One synthetic model, written once and opened through Cubism Core in its own process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from data_tools.live2d.reader import OpenedModel, open_model
from data_tools.live2d.synthetic.export import SyntheticModel, synthesize, write_model


@pytest.fixture(scope="session")
def synthetic() -> SyntheticModel:
    return synthesize(1, texture_size=512)


@pytest.fixture(scope="session")
def opened(synthetic: SyntheticModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenedModel]:
    with open_model(write_model(synthetic, Path(tmp_path_factory.mktemp("synthetic")))) as model:
        yield model
