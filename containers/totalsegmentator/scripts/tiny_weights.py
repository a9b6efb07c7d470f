"""Small but genuine nnU-Net weights in the folders that TotalSegmentator expects.

    python scripts/tiny_weights.py OUT [--models 291 …] [--patch 64] [--labels 7]

The trainer class, its initialize() and its save_checkpoint() are nnU-Net's own, so
TotalSegmentator loads them unpatched. Parameters are seeded noise; only the last
1×1×1 layer is fitted, on a synthetic torso, so that every label occurs. The labels
are speckled: hard on a test of equality, useless as anatomy.
"""

import argparse
import contextlib
import io
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

_SCRATCH = tempfile.mkdtemp(prefix="iris-tiny-")
for name in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"):  # read when nnU-Net is imported
    os.environ[name] = _SCRATCH

import numpy as np  # noqa: E402
import torch  # noqa: E402
from make_tables import LICENSED, network_labels  # noqa: E402
from nnunetv2.utilities.find_objects import recursive_find_trainer_class_by_name  # noqa: E402
from phantom import torso  # noqa: E402
from totalsegmentator import map_to_binary as maps  # noqa: E402
from totalsegmentator.map_tasks_config import TASK_CONFIGS, TASK_ID_WEIGHTS_CONFIGS  # noqa: E402

FEATURES = [4, 8, 16, 16]
# total, total_mr, the 3 mm model of total_v3, which so is served with fast only, and
# two that need a licence: appendicular_bones, whose network has more labels than the
# task, and tissue_types_mr.
MODELS = [291, 292, 293, 294, 295, 297, 298, 836, 850, 851, 852, 304, 925]
FOREGROUND = 0.3
INTENSITIES = {
    "mean": -370.0, "std": 436.6, "median": -274.0, "min": -1024.0, "max": 3071.0,
    "percentile_00_5": -1024.0, "percentile_99_5": 276.0,
}  # fmt: skip
_PARTS = {
    "total": (maps.class_map_5_parts, maps.map_taskid_to_partname_ct),
    "total_v3": (maps.class_map_5_parts_total_v3, maps.map_taskid_to_partname_ct_v3),
    "total_mr": (maps.class_map_parts_mr, maps.map_taskid_to_partname_mr),
}


def describe(model: int) -> tuple[str, float, dict[int, str], bool]:
    """The trainer, spacing and labels of a model, and whether it is one for MR."""
    for task, (parts, part_of) in _PARTS.items():
        for mode, config in TASK_CONFIGS[task]["sub_modes"].items():
            ids = config["task_id"] if isinstance(config["task_id"], list) else [config["task_id"]]
            if model in ids:
                labels = parts[part_of[model]] if mode == "default" else maps.class_map[task]
                return config["trainer"], config["resample"], labels, task.endswith("_mr")
    for task in LICENSED:
        config = TASK_CONFIGS[task]
        if config["task_id"] == model:
            return config["trainer"], config["resample"], network_labels(task), task.endswith("_mr")
    raise SystemExit(f"model {model}: TotalSegmentator has none of that number")


def plans(model: int, spacing: float, mr: bool, patch: int) -> dict[str, Any]:
    stages = len(FEATURES)
    resampling = "resample_data_or_seg_to_shape"
    kwargs = {"is_seg": False, "order": 3, "order_z": 0, "force_separate_z": None}
    architecture = {
        "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
        "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
        "arch_kwargs": {
            "n_stages": stages, "features_per_stage": FEATURES,
            "conv_op": "torch.nn.modules.conv.Conv3d", "kernel_sizes": [[3, 3, 3]] * stages,
            "strides": [[1, 1, 1]] + [[2, 2, 2]] * (stages - 1),
            "n_conv_per_stage": [1] * stages, "n_conv_per_stage_decoder": [1] * (stages - 1), "conv_bias": True,
            "norm_op": "torch.nn.modules.instancenorm.InstanceNorm3d", "norm_op_kwargs": {"eps": 1e-5, "affine": True},
            "dropout_op": None, "dropout_op_kwargs": None,
            "nonlin": "torch.nn.LeakyReLU", "nonlin_kwargs": {"inplace": True},
        },
    }  # fmt: skip
    configuration = {
        "data_identifier": "nnUNetPlans_3d_fullres", "preprocessor_name": "DefaultPreprocessor", "batch_size": 2,
        "patch_size": [patch] * 3, "median_image_size_in_voxels": [int(360 / spacing)] * 3, "spacing": [spacing] * 3,
        "normalization_schemes": ["ZScoreNormalization" if mr else "CTNormalization"], "use_mask_for_norm": [False],
        "resampling_fn_data": resampling, "resampling_fn_data_kwargs": kwargs,
        "resampling_fn_seg": resampling, "resampling_fn_seg_kwargs": kwargs | {"is_seg": True, "order": 1},
        "resampling_fn_probabilities": resampling, "resampling_fn_probabilities_kwargs": kwargs | {"order": 1},
        "batch_dice": True, "architecture": architecture,
    }  # fmt: skip
    return {
        "dataset_name": TASK_ID_WEIGHTS_CONFIGS[model]["foldername"], "plans_name": "nnUNetPlans",
        "original_median_spacing_after_transp": [spacing] * 3,
        "original_median_shape_after_transp": [int(360 / spacing)] * 3, "image_reader_writer": "SimpleITKIO",
        "transpose_forward": [0, 1, 2], "transpose_backward": [0, 1, 2],
        "configurations": {"3d_fullres": configuration}, "experiment_planner_used": "ExperimentPlanner",
        "label_manager": "LabelManager", "foreground_intensity_properties_per_channel": {"0": INTENSITIES},
        "continue_training": False,  # nnUNetv2_train adds it, the trainer takes it away
    }  # fmt: skip


@torch.no_grad()
def fit_head(network: torch.nn.Module, patch: int, labels: int, mr: bool, seed: int) -> None:
    """Give every label an equal share of what is not background."""
    extent = 320 / patch
    hu = torso((patch,) * 3, (extent,) * 3).get_fdata().T.astype(np.float32)
    low, high = INTENSITIES["percentile_00_5"], INTENSITIES["percentile_99_5"]
    seen = (hu - hu.mean()) / hu.std() if mr else (np.clip(hu, low, high) - INTENSITIES["mean"]) / INTENSITIES["std"]
    head = network.decoder.seg_layers[-1]
    caught: list[torch.Tensor] = []
    hook = head.register_forward_pre_hook(lambda _, given: caught.append(given[0]))
    network.eval()(torch.from_numpy(seen.copy())[None, None])
    hook.remove()
    noise = torch.Generator().manual_seed(seed)
    features = caught[0][0].flatten(1)
    features = features[:, torch.randperm(features.shape[1], generator=noise)[:20000]]
    mean, std = features.mean(1, keepdim=True), features.std(1, keepdim=True) + 1e-6
    weight = torch.randn(labels, features.shape[0], generator=noise)
    weight /= weight.norm(dim=1, keepdim=True)
    score = weight @ ((features - mean) / std)
    bias = torch.zeros(labels)
    for _ in range(200):
        share = torch.bincount((score + bias[:, None]).argmax(0), minlength=labels) / score.shape[1]
        bias += 0.03 * (1 - share * labels)
    background = torch.quantile((score + bias[:, None]).max(0).values, 1 - FOREGROUND)
    scaled = weight / std.T
    head.weight.copy_(torch.cat([torch.zeros(1, features.shape[0]), scaled]).view_as(head.weight))
    head.bias.copy_(torch.cat([background[None], bias - (scaled @ mean)[:, 0]]))


def make(out: Path, model: int, patch: int, most: int | None) -> Path:
    trainer_name, spacing, labels, mr = describe(model)
    labels = dict(list(labels.items())[:most])
    plan = plans(model, float(spacing), mr, patch)
    dataset = {
        "channel_names": {"0": "MR" if mr else "CT"},
        "labels": {"background": 0} | {name: n for n, name in labels.items()},
        "numTraining": 2, "file_ending": ".nii.gz", "overwrite_image_reader_writer": "SimpleITKIO",
    }  # fmt: skip
    preprocessed = Path(_SCRATCH, plan["dataset_name"], "nnUNetPlans_3d_fullres")
    preprocessed.mkdir(parents=True, exist_ok=True)
    (preprocessed / "case.b2nd").touch()  # the trainer wants to see one
    torch.manual_seed(model)
    with contextlib.redirect_stdout(io.StringIO()):
        trainer = recursive_find_trainer_class_by_name(trainer_name)(plan, "3d_fullres", 0, dataset, device=torch.device("cpu"))
        trainer.initialize()
    trainer.inference_allowed_mirroring_axes = None
    trainer.set_deep_supervision_enabled(False)
    fit_head(trainer.network, patch, len(labels), mr, model)
    folder = out / plan["dataset_name"] / f"{trainer_name}__nnUNetPlans__3d_fullres"
    (folder / "fold_0").mkdir(parents=True, exist_ok=True)
    (folder / "plans.json").write_text(json.dumps(plan, indent=1))
    (folder / "dataset.json").write_text(json.dumps(dataset, indent=1))
    trainer.save_checkpoint(str(folder / "fold_0" / "checkpoint_final.pth"))
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--models", type=int, nargs="+", default=MODELS)
    parser.add_argument("--patch", type=int, default=64, help="of every network; 128 is TotalSegmentator's")
    parser.add_argument("--labels", type=int, help="keep the first so many of each network, for scans too large for all")
    arguments = parser.parse_args()
    try:
        for model in arguments.models:
            print(make(arguments.out, model, arguments.patch, arguments.labels).parent.name, flush=True)
    finally:
        shutil.rmtree(_SCRATCH)


if __name__ == "__main__":
    main()
