"""From a checkpoint to a pipeline: our own (`liwi.layering.checkpoint`), the published layout, and quantised files of its transformer.

Everything that can be said before a weight is read is said before: whether the files are whole and of the layered family, and which preset
of `liwi.layering.placement` fits. Nothing is downloaded here: 57 GB are a person's decision.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKLQwenImage, BitsAndBytesConfig, GGUFQuantizationConfig, QwenImageTransformer2DModel
from diffusers.hooks import apply_group_offloading

from liwi.layering.attention import install
from liwi.layering.checkpoint import CARD, LORA, ModelCard, load_own_transformer, load_own_vae, read_card
from liwi.layering.components import FULL_VAE, build_empty_transformer
from liwi.layering.families import PUBLISHED, check_folder, read_json
from liwi.layering.layout import Frame0
from liwi.layering.pipeline import LayeredDiffusionPipeline
from liwi.layering.placement import Preset, Sizes, choose_preset
from liwi.layering.sampling import Sampling
from liwi.layering.shadow_target import Frame0Target
from liwi.layering.text import WordHashing
from liwi.model_folders import CheckpointMismatch, find_folder
from liwi.placement import Machine, Weights, measure_machine

PUBLISHED_CARD = ModelCard(Frame0Target(Frame0.SOURCE), False, Sampling(normalize_guidance=True), max_layers=8, base=PUBLISHED)
"""Qwen-Image-Layered as its authors use it."""


@dataclass(frozen=True, eq=False)
class LayeredModel:
    """A loaded model.

    Attributes:
        pipeline: samples.
        card: what it was trained for.
        placed: how it was placed, in words.
    """

    pipeline: LayeredDiffusionPipeline
    card: ModelCard
    placed: str


def load_model(folder: Path, *, machine: Machine | None = None, say: Callable[[str], None] = lambda _: None) -> LayeredModel:
    """Load a checkpoint of our own, with the base that it names, or a folder in the layout of Qwen/Qwen-Image-Layered.

    Args:
        folder: holds ``layering.json``, or ``model_index.json`` and the folders of the parts.
        machine: what there is; measured where None.
        say: told what is about to happen, before it does.

    Raises:
        CheckpointMismatch: files are missing, or of another family; names what.
        CheckpointDamaged: a tensor of our own is not what it should be; names it.
        TooLittleMemory: nothing fits; says what each preset lacks.
    """
    if not (folder / CARD).is_file() and (folder / "transformer").is_dir():
        return load_with_base(folder, replace(PUBLISHED_CARD, base=str(folder)), machine=machine, say=say)
    card = read_card(folder)
    if card.base:
        return load_with_base(folder, card, machine=machine, say=say)
    return _load_whole(folder, card, say)


def _load_whole(folder: Path, card: ModelCard, say: Callable[[str], None]) -> LayeredModel:
    """A checkpoint in which everything lies: small, so it goes to the GPU whole where there is one."""
    if card.transformer is None or card.vae is None:
        raise CheckpointMismatch(f"{folder.name!r} names no base and lacks a network. Export it again from its run.")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    say(f"Loading the model onto the {device.type.upper()}")
    transformer = load_own_transformer(folder, card.transformer, torch.float32).to(device)
    vae = load_own_vae(folder, card.vae, torch.float32).to(device)
    text = WordHashing(transformer.config.joint_attention_dim)
    return LayeredModel(LayeredDiffusionPipeline(transformer, vae, text, frame0=card.frame0, device=device), card, f"on the {device.type}")


def load_with_base(
    folder: Path, card: ModelCard, *, machine: Machine | None = None, say: Callable[[str], None] = lambda _: None
) -> LayeredModel:
    """A checkpoint with a base; see `load_model`."""
    # 1. Whole, and of the right family? Which preset? Nothing is loaded yet.
    base = find_base(card.base)
    check_folder(base)
    file = Path(card.file) if card.file else None
    check_quantised_file(file)
    sizes = measure_sizes(base)
    machine = machine or measure_machine()
    preset = choose_preset(machine, sizes, card.sampling.resolution)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    say(f"Loading {sizes.transformer / 1e9:.1f} billion weights: {preset.words}")
    # 2. The transformer, with what training added to it.
    own = load_own_transformer(folder, card.transformer, torch.bfloat16) if card.transformer is not None else None
    transformer = own if own is not None else load_base_transformer(base, preset.weights, file, None if preset.by_blocks else device)
    add_lora(transformer, folder)
    place_transformer(transformer, preset, device, quantised=file is not None)
    # 3. The VAE, one picture at a time.
    vae = load_own_vae(folder, card.vae, torch.bfloat16) if card.vae is not None else load_base_vae(base)
    vae.to(device).enable_slicing()
    # 4. The text model.
    say("Loading the text model")
    text = load_text(base, device, stays=preset.text_stays)
    pipeline = LayeredDiffusionPipeline(transformer, vae, text, frame0=card.frame0, device=device, dtype=torch.bfloat16)
    return LayeredModel(pipeline, card, preset.words)


def find_base(name: str) -> Path:
    """The local folder of a base.

    Args:
        name: a local folder or a hub id.

    Raises:
        CheckpointMismatch: it is not on this computer.
    """
    return find_folder(name, "57 GB")


def check_quantised_file(file: Path | None) -> None:
    """Whether a file of a quantised transformer can be read here.

    Raises:
        CheckpointMismatch: it is missing, of an unknown kind, or needs a package that is not installed.
    """
    if file is None:
        return
    if not file.is_file():
        raise CheckpointMismatch(f"There is no file {file}. Give the path of a GGUF or .safetensors file of the layered transformer.")
    if file.suffix not in (".gguf", ".safetensors"):
        raise CheckpointMismatch(f"{file.name}: only .gguf and .safetensors files are read; pickled formats can run code.")
    if file.suffix == ".gguf":
        import importlib.util

        if importlib.util.find_spec("gguf") is None:
            raise CheckpointMismatch(f"{file.name} is a GGUF file; reading it needs a package: pip install gguf")


def measure_sizes(base: Path) -> Sizes:
    """How many weights the parts of a base have, from its settings and the sizes of its files; loads nothing."""
    transformer = build_empty_transformer(_network_settings(base / "transformer" / "config.json"))
    blocks = [sum(weight.numel() for weight in block.parameters()) for block in transformer.transformer_blocks]
    text_bytes = sum(path.stat().st_size for path in (base / "text_encoder").glob("*.safetensors"))
    with torch.device("meta"):
        vae = AutoencoderKLQwenImage(**{**FULL_VAE, **_network_settings(base / "vae" / "config.json")})
    return Sizes(
        transformer=sum(weight.numel() for weight in transformer.parameters()),
        text=text_bytes // 2,
        vae=sum(weight.numel() for weight in vae.parameters()),
        largest_block=max(blocks),
    )


def load_base_transformer(base: Path, weights: Weights, file: Path | None = None, device: torch.device | None = None) -> Any:
    """The base's transformer, in bfloat16 or 4 bits.

    Args:
        base: in the layout of Qwen/Qwen-Image-Layered.
        weights: how it is to be kept; fp8 comes later, see `place_transformer`.
        file: a GGUF or .safetensors file that holds it instead.
        device: where its weights go straight from the disk, file after file; the CPU where None.

    Raises:
        CheckpointMismatch: weights are missing, or the file cannot be read.
    """
    try:
        if file is not None:
            quantised = {"quantization_config": GGUFQuantizationConfig(compute_dtype=torch.bfloat16)} if file.suffix == ".gguf" else {}
            transformer = QwenImageTransformer2DModel.from_single_file(
                str(file), config=str(base), subfolder="transformer", torch_dtype=torch.bfloat16, **quantised
            )
        else:
            options: dict[str, Any] = {} if device is None else {"device_map": {"": device}}
            if weights is Weights.FOUR_BITS and "quantization_config" not in read_json(base / "transformer" / "config.json"):
                options["quantization_config"] = BitsAndBytesConfig(
                    load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16
                )
            transformer, found = QwenImageTransformer2DModel.from_pretrained(
                base, subfolder="transformer", torch_dtype=torch.bfloat16, output_loading_info=True, local_files_only=True, **options
            )
            if missing := found["missing_keys"]:
                raise CheckpointMismatch(f"The transformer in {base.name!r} lacks {len(missing)} tensors, such as {missing[0]!r}.")
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
        raise CheckpointMismatch(f"The transformer in {(file or base).name!r} cannot be loaded ({str(error)[:300]}).") from error
    install(transformer)
    return transformer.eval().requires_grad_(False)


def load_base_vae(base: Path) -> Any:
    """The base's VAE in bfloat16, on the CPU."""
    vae = AutoencoderKLQwenImage.from_pretrained(base, subfolder="vae", torch_dtype=torch.bfloat16, local_files_only=True)
    return vae.eval().requires_grad_(False)


def add_lora(transformer: Any, folder: Path) -> None:
    """Add the LoRA that lies in a checkpoint, if one does that holds anything.

    Raises:
        CheckpointMismatch: it was trained on another transformer.
    """
    path = folder / LORA
    if not path.is_file() or path.stat().st_size < 1024:  # without a tensor: a checkpoint that is its base
        return
    try:
        transformer.load_lora_adapter(
            folder, weight_name=LORA, prefix=None, use_safetensors=True, local_files_only=True, low_cpu_mem_usage=True
        )
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise CheckpointMismatch(f"{LORA} does not fit this transformer ({str(error)[:300]}).") from error


def place_transformer(transformer: Any, preset: Preset, device: torch.device, *, quantised: bool = False) -> None:
    """Put a transformer where a preset wants it.

    Args:
        transformer: on the CPU, its LoRA added.
        preset: see `liwi.layering.placement`.
        device: the GPU.
        quantised: whether its weights are in a format of their own already.
    """
    if preset.weights is Weights.FP8 and not quantised:
        transformer.enable_layerwise_casting(storage_dtype=torch.float8_e4m3fn, compute_dtype=torch.bfloat16)
    if preset.by_blocks:
        transformer.enable_group_offload(
            onload_device=device,
            offload_device=torch.device("cpu"),
            offload_type="block_level",
            num_blocks_per_group=1,
            use_stream=device.type == "cuda",
            low_cpu_mem_usage=True,
        )
    else:
        transformer.to(device)


def load_text(base: Path, device: torch.device, *, stays: bool) -> Any:
    """The base's text model in bfloat16: on the GPU, or visiting it layer by layer."""
    from transformers import Qwen2_5_VLForConditionalGeneration, Qwen2Tokenizer, Qwen2VLImageProcessorPil

    from liwi.layering.captions import QwenText

    straight = {"device_map": {"": device}} if stays else {}
    encoder = Qwen2_5_VLForConditionalGeneration.from_pretrained(
        base / "text_encoder", dtype=torch.bfloat16, local_files_only=True, **straight
    )
    tokenizer = Qwen2Tokenizer.from_pretrained(base / "tokenizer", local_files_only=True)
    has_processor = (base / "processor" / "preprocessor_config.json").is_file()
    processor = Qwen2VLImageProcessorPil.from_pretrained(base / "processor", local_files_only=True) if has_processor else None
    encoder.eval().requires_grad_(False)
    if not stays:
        apply_group_offloading(encoder, onload_device=device, offload_type="leaf_level", use_stream=device.type == "cuda")
    return QwenText(encoder, tokenizer, processor, device=device)


def _network_settings(path: Path) -> dict[str, Any]:
    found = read_json(path)
    return {name: value for name, value in found.items() if not name.startswith("_") and name != "quantization_config"}
