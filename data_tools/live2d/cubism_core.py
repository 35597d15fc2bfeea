"""Cubism Core through its C interface: the only file that speaks ctypes to it.

Core is proprietary and comes inside the live2d-py package, whose shared library exports it; nothing of that package is imported.
``LIWI_CUBISM_CORE`` may name another library, such as the official SDK's. Core can crash on a malformed file even after its own
consistency check, so this module runs in `worker` alone; it uses the standard library only, so that the worker starts at once.
Arrays leave as bytes: what they mean is said where they are read, in `core_process`.
"""

import ctypes
import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

ENVIRONMENT_VARIABLE = "LIWI_CUBISM_CORE"
_MOC_ALIGNMENT, _MODEL_ALIGNMENT = 64, 16
_POINTER = ctypes.c_void_p
_KIND: dict[str, Any] = {"i": ctypes.c_int32, "f": ctypes.c_float, "b": ctypes.c_uint8, "h": ctypes.c_uint16}


class CoreMissing(Exception):
    """The library cannot be loaded, or is not Cubism Core."""


class CoreRefused(Exception):
    """Core does not accept the file; the message says at which step."""


def find_library() -> Path | None:
    """Where the shared library with Cubism Core lies; None where there is none."""
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    if named:
        return Path(named) if Path(named).is_file() else None
    found = importlib.util.find_spec("live2d")
    folders = found.submodule_search_locations if found else None
    files = [path for folder in folders or () for path in sorted(Path(folder).glob("_live2d*"))]
    return next((path for path in files if path.suffix in {".so", ".pyd", ".dylib"}), None)


def _aligned(size: int, alignment: int) -> tuple[Any, int]:
    """A buffer and an address in it that is a multiple of ``alignment`` with ``size`` bytes behind it."""
    buffer = ctypes.create_string_buffer(size + alignment)
    address = ctypes.addressof(buffer)
    return buffer, address + (-address) % alignment


class CoreModel:
    """One moc3 file, revived and initialised by Core.

    Args:
        library: path of the shared library.
        moc: the file's bytes.

    Raises:
        CoreMissing: the library cannot be loaded.
        CoreRefused: Core says that the file is not consistent, too new, or cannot be brought to life.
    """

    def __init__(self, library: str, moc: bytes) -> None:
        try:
            self._core = ctypes.CDLL(library)
            self._silence()
        except (OSError, AttributeError) as error:
            raise CoreMissing(str(error)) from error
        self._moc_buffer, address = _aligned(len(moc), _MOC_ALIGNMENT)
        ctypes.memmove(address, moc, len(moc))
        size = ctypes.c_uint32(len(moc))
        self.moc_version = int(self._call("csmGetMocVersion", ctypes.c_uint32, _POINTER(address), size))
        if not self._call("csmHasMocConsistency", ctypes.c_int, _POINTER(address), size):
            raise CoreRefused("Cubism Core finds its contents inconsistent")
        self._moc = self._call("csmReviveMocInPlace", _POINTER, _POINTER(address), size)
        if not self._moc:
            raise CoreRefused(f"Cubism Core {self.core_version()} does not read its version ({self.moc_version})")
        needed = int(self._call("csmGetSizeofModel", ctypes.c_uint32, _POINTER(self._moc)))
        if not needed:
            raise CoreRefused("it describes no model")
        self._model_buffer, address = _aligned(needed, _MODEL_ALIGNMENT)
        self._model = self._call("csmInitializeModelInPlace", _POINTER, _POINTER(self._moc), _POINTER(address), ctypes.c_uint32(needed))
        if not self._model:
            raise CoreRefused("Cubism Core cannot initialise it")

    def core_version(self) -> str:
        """Of the library, e.g. ``"6.0.1"``."""
        number = int(self._call("csmGetVersion", ctypes.c_uint32))
        return f"{number >> 24}.{number >> 16 & 0xFF}.{number & 0xFFFF}"

    def canvas(self) -> tuple[float, float, float, float, float]:
        """Width, height, origin x, origin y in canvas pixels, and pixels per unit."""
        size, origin, unit = (ctypes.c_float * 2)(), (ctypes.c_float * 2)(), ctypes.c_float()
        self._call("csmReadCanvasInfo", None, _POINTER(self._model), size, origin, ctypes.byref(unit))
        return size[0], size[1], origin[0], origin[1], unit.value

    def count(self, what: str) -> int:
        """How many of ``what``: Parameter, Part, Drawable, Offscreen; 0 where this Core does not know them."""
        name = f"csmGet{what}Count"
        return max(0, int(self._call(name, ctypes.c_int, _POINTER(self._model)))) if self._has(name) else 0

    def ids(self, what: str) -> list[str]:
        """The ids of ``what``; bytes that are no UTF-8 are replaced."""
        pointers = ctypes.cast(self._get(f"csmGet{what}Ids"), ctypes.POINTER(ctypes.c_char_p))
        return [(pointers[index] or b"").decode("utf-8", "replace") for index in range(self.count(what))]

    def array(self, name: str, kind: str, count: int) -> bytes:
        """``count`` numbers behind the C function ``csmGet<name>``; ``kind`` is i (int32), f (float32), b (uint8) or h (uint16)."""
        return ctypes.string_at(self._get(f"csmGet{name}"), count * ctypes.sizeof(_KIND[kind])) if count else b""

    def ragged(self, name: str, kind: str, counts: list[int]) -> bytes:
        """Arrays of different lengths behind an array of pointers, one after another."""
        if not counts:
            return b""
        pointers = ctypes.cast(self._get(f"csmGet{name}"), ctypes.POINTER(_POINTER))
        size = ctypes.sizeof(_KIND[kind])
        return b"".join(ctypes.string_at(pointers[index], count * size) for index, count in enumerate(counts) if count > 0)

    def numbers(self, name: str, count: int) -> list[int]:
        """``count`` int32 as a list."""
        return list(memoryview(self.array(name, "i", count)).cast("i")) if count else []

    def set_floats(self, name: str, values: bytes, count: int) -> None:
        """Write ``count`` float32 to the live array behind ``csmGet<name>``."""
        if len(values) != 4 * count:
            raise ValueError(f"{name} takes {count} numbers, got {len(values) / 4}")
        if count:
            ctypes.memmove(self._get(f"csmGet{name}"), values, len(values))

    def update(self) -> None:
        """Evaluate the model at its current parameter values and part opacities."""
        self._call("csmResetDrawableDynamicFlags", None, _POINTER(self._model))
        self._call("csmUpdateModel", None, _POINTER(self._model))

    def has_render_orders_of_all(self) -> bool:
        """Whether Core gives one render order for ArtMeshes and offscreen parts together (Core 6)."""
        return self._has("csmGetRenderOrders")

    def _has(self, name: str) -> bool:
        return hasattr(self._core, name)

    def _get(self, name: str) -> int:
        address = self._call(name, _POINTER, _POINTER(self._model))
        if not address:
            raise CoreRefused(f"{name} gives nothing")
        return int(address)

    def _call(self, name: str, result: Any, *arguments: Any) -> Any:
        function: Callable[..., Any] = getattr(self._core, name)
        function.restype = result  # type: ignore[attr-defined]
        return function(*arguments)

    def _silence(self) -> None:
        """Core prints a banner for every file otherwise."""
        self._logger = ctypes.CFUNCTYPE(None, ctypes.c_char_p)(lambda _message: None)
        self._call("csmSetLogFunction", None, self._logger)
