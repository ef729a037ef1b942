"""Verify: re-read written trades and truth, and prove that the truth is effective and complete.

The proof is SQL, run by DuckDB over what was written. Nothing of the generating code is used.
"""

from __future__ import annotations

from tradegen.verify.dataset import open_dataset
from tradegen.verify.datasets import verify_dataset
from tradegen.verify.findings import Finding, Report
from tradegen.verify.verification import verify
from tradegen.verify.words import VerifyError

__all__ = ["Finding", "Report", "VerifyError", "open_dataset", "verify", "verify_dataset"]
