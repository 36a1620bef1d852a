"""Errors while a model is saved: a full disk, and others."""

from __future__ import annotations

import shutil

import pytest
import torch
from safetensors.torch import save_file

from gr_toolkit.errors import BudgetExceeded, CannotWrite
from train.trainer import disk_full_explained

WEIGHTS = {"weights": torch.zeros(2**20)}  # 4 MB


@pytest.mark.parametrize("save", [save_file, torch.save], ids=["safetensors", "torch"])
def test_full_disk_is_a_one_line_error(small_disk, save):
    message = r"no space left .* run the same command again"
    with pytest.raises(CannotWrite, match=message), disk_full_explained(small_disk):
        save(WEIGHTS, small_disk / "weights")


def test_full_disk_is_recognised_after_the_partial_file_was_removed(tmp_path, small_disk):
    with pytest.raises(CannotWrite), disk_full_explained(tmp_path):  # tmp_path is not full
        save_file(WEIGHTS, small_disk / "weights")


def test_other_errors_are_not_translated(tmp_path, small_disk):
    with pytest.raises(BudgetExceeded), disk_full_explained(small_disk):
        raise BudgetExceeded("spent")
    assert shutil.disk_usage(tmp_path).free > 2**25
    with pytest.raises(ZeroDivisionError), disk_full_explained(tmp_path):
        raise ZeroDivisionError
