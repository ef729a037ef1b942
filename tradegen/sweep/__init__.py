"""Sweeps: one notebook, run once for each combination of a grid of parameters."""

from tradegen.sweep.sweeping import Outcome, run_sweep

__all__ = ["Outcome", "run_sweep"]
