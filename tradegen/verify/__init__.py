"""Verify: re-read written trades and truth, and prove that the truth is effective and complete.

The proof is SQL, run by DuckDB over what was written. Nothing of the generating code is used.
"""

from __future__ import annotations

from tradegen.verify.dataset_manifest import open_dataset
from tradegen.verify.dataset_proof import verify_dataset
from tradegen.verify.file_proof import verify
from tradegen.verify.proof_report import Finding, Report
from tradegen.verify.words import VerifyError

__all__ = ["Finding", "Report", "VerifyError", "open_dataset", "verify", "verify_dataset"]
