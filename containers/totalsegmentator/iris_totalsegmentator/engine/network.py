"""A network on its device, built from nnU-Net's plans.json and its parameters."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from dynamic_network_architectures.architectures import unet
from safetensors.torch import load_model
from torch import nn

from .. import weights
from ..errors import WeightsError
from ..tables import ModelCard

_CONFIGURATION = "3d_fullres"
_CLASSES = {"PlainConvUNet": unet.PlainConvUNet, "ResidualEncoderUNet": unet.ResidualEncoderUNet}
_OPERATIONS: dict[str, type[nn.Module]] = {
    "torch.nn.modules.conv.Conv3d": nn.Conv3d,
    "torch.nn.modules.instancenorm.InstanceNorm3d": nn.InstanceNorm3d,
    "torch.nn.LeakyReLU": nn.LeakyReLU,
    "torch.nn.modules.activation.LeakyReLU": nn.LeakyReLU,
}


@dataclass(frozen=True)
class Network:
    """forward takes (1, 1, z, y, x) of the patch size and gives (1, heads, z, y, x)."""

    card: ModelCard
    forward: Callable[[torch.Tensor], torch.Tensor]
    patch: tuple[int, int, int]
    heads: int
    gaussian: torch.Tensor  # float16, the weight of each voxel of a tile
    intensities: dict[str, float] | None  # of CT normalisation; None: z-score
    activation_bytes: int  # a bound on what one forward pass holds


def load(root: Path, card: ModelCard, device: torch.device, compiled: bool = False) -> Network:
    where = weights.folder(root, card)
    plans = json.loads((where / "plans.json").read_text())
    heads = len(json.loads((where / "dataset.json").read_text())["labels"])
    try:
        config = plans["configurations"][_CONFIGURATION]
        net, features = _build(config, heads)
        _fill(net, root, card)
        intensities = _intensities(plans, config)
    except (KeyError, RuntimeError) as e:
        raise WeightsError(f"weights of model {card.id}: plans.json and the parameters do not fit: {e}") from e
    if heads != len(card.lut):
        raise WeightsError(f"weights of model {card.id}: {heads} labels, want {len(card.lut)}")
    net.to(device).eval()
    patch = tuple(config["patch_size"])
    # The encoder's and the decoder's full-resolution maps, twice (skip and
    # working copy), and the logits, all float32; oneDNN pads maps to 16 channels.
    held = int(np.prod(patch)) * 4 * (4 * max(features, 16) + 2 * heads)
    forward = torch.compile(net) if compiled else net
    return Network(card, forward, patch, heads, gaussian(patch).to(device), intensities, held)


def _intensities(plans: dict[str, Any], config: dict[str, Any]) -> dict[str, float] | None:
    scheme = config["normalization_schemes"]
    if plans["transpose_forward"] != [0, 1, 2] or any(config["use_mask_for_norm"]):
        raise KeyError("transposed axes or a normalisation mask, which this engine does not do")
    if scheme == ["ZScoreNormalization"]:
        return None
    if scheme == ["CTNormalization"]:
        return dict(plans["foreground_intensity_properties_per_channel"]["0"])
    raise KeyError(f"normalisation {scheme}, which this engine does not do")


def _build(config: dict[str, Any], heads: int) -> tuple[nn.Module, int]:
    architecture = config.get("architecture") or _old_architecture(config)
    kind = architecture["network_class_name"].rsplit(".", 1)[-1]
    arguments = dict(architecture["arch_kwargs"])
    for name in architecture["_kw_requires_import"]:
        if arguments[name] is not None:
            arguments[name] = _OPERATIONS[arguments[name]]
    arguments["deep_supervision"] = False
    return _CLASSES[kind](input_channels=1, num_classes=heads, **arguments), arguments["features_per_stage"][0]


def _old_architecture(config: dict[str, Any]) -> dict[str, Any]:
    """What plans of nnU-Net before 2.5, TotalSegmentator's published ones, say in other words."""
    kind = config["UNet_class_name"]
    stages = len(config["n_conv_per_stage_encoder"])
    per_stage = "n_conv_per_stage" if kind == "PlainConvUNet" else "n_blocks_per_stage"
    base, most = config["UNet_base_num_features"], config["unet_max_num_features"]
    return {
        "network_class_name": kind,
        "_kw_requires_import": ["conv_op", "norm_op", "nonlin"],
        "arch_kwargs": {
            "n_stages": stages,
            "features_per_stage": [min(base * 2**i, most) for i in range(stages)],
            "conv_op": "torch.nn.modules.conv.Conv3d",
            "kernel_sizes": config["conv_kernel_sizes"],
            "strides": config["pool_op_kernel_sizes"],
            per_stage: config["n_conv_per_stage_encoder"],
            "n_conv_per_stage_decoder": config["n_conv_per_stage_decoder"],
            "conv_bias": True,
            "norm_op": "torch.nn.modules.instancenorm.InstanceNorm3d",
            "norm_op_kwargs": {"eps": 1e-5, "affine": True},
            "dropout_op": None,
            "dropout_op_kwargs": None,
            "nonlin": "torch.nn.LeakyReLU",
            "nonlin_kwargs": {"inplace": True},
        },
    }


def _fill(net: nn.Module, root: Path, card: ModelCard) -> None:
    path = weights.parameters(root, card)
    if path is None:
        raise WeightsError(f"weights of model {card.id} ({card.folder}) are not in the weights folder")
    if path.name == weights.SAFETENSORS:
        load_model(net, path)
    else:
        net.load_state_dict(checkpoint(path))


def checkpoint(path: Path) -> dict[str, torch.Tensor]:
    """The parameters of an nnU-Net checkpoint, a pickle, without running what it says.

    Its training log holds numpy scalars, named as numpy 1 or 2 names them.
    """
    scalar = np._core.multiarray.scalar  # type: ignore[attr-defined]
    harmless = [scalar, (scalar, "numpy.core.multiarray.scalar"), np.dtype, np.dtypes.Float64DType, np.dtypes.Float32DType]
    with torch.serialization.safe_globals(harmless):
        return torch.load(path, map_location="cpu", weights_only=True)["network_weights"]


def gaussian(patch: tuple[int, ...]) -> torch.Tensor:
    """nnU-Net's compute_gaussian(sigma_scale=1/8, value_scaling_factor=10), bit for bit.

    scipy filters a single 1 axis by axis in float64, so the result is a product
    of three kernels, taken in that order, and zero beyond four sigmas.
    """
    weight = np.ones((1, 1, 1))
    for axis, size in enumerate(patch):
        sigma = size / 8
        radius = int(4 * sigma + 0.5)
        kernel = np.exp(-0.5 / (sigma * sigma) * np.arange(-radius, radius + 1) ** 2)
        kernel /= kernel.sum()
        row = np.zeros(size)
        for place in range(size):
            offset = place - size // 2
            if abs(offset) <= radius:
                row[place] = kernel[radius + offset]
        weight = weight * row.reshape([-1 if a == axis else 1 for a in range(3)])
    weight /= weight.max() / 10
    half = torch.from_numpy(weight).to(torch.float16)
    zero = half == 0
    half[zero] = half[~zero].min()
    return half
