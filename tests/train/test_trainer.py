"""What a training says where the disk is full, and where it is not."""

from __future__ import annotations

import shutil

import pytest
import torch
from safetensors.torch import save_file

from gr_toolkit.errors import BudgetExceeded, CannotWrite
from train.trainer import disk_full_explained

WEIGHTS = {"weights": torch.zeros(2**20)}  # 4 MB


@pytest.mark.parametrize("save", [save_file, torch.save], ids=["safetensors", "torch"])
def test_a_full_disk_is_told_in_one_line(small_disk, save):
    told = r"no room left .* run the same command again"
    with pytest.raises(CannotWrite, match=told), disk_full_explained(small_disk):
        save(WEIGHTS, small_disk / "weights")


def test_a_full_disk_is_known_although_the_broken_file_is_gone(tmp_path, small_disk):
    with pytest.raises(CannotWrite), disk_full_explained(tmp_path):  # there is room in tmp_path
        save_file(WEIGHTS, small_disk / "weights")


def test_other_failures_stay_what_they_are(tmp_path, small_disk):
    with pytest.raises(BudgetExceeded), disk_full_explained(small_disk):
        raise BudgetExceeded("spent")
    assert shutil.disk_usage(tmp_path).free > 2**25
    with pytest.raises(ZeroDivisionError), disk_full_explained(tmp_path):
        raise ZeroDivisionError
