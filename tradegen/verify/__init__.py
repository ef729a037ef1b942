"""Verify: re-read written trades and truth, and prove that the truth is effective and complete.

Nothing of the generating code is used here: what was written is read back as text, brought to integers, and
compared from scratch.
"""

from __future__ import annotations

from tradegen.verify.dataset import open_dataset
from tradegen.verify.datasets import verify_dataset
from tradegen.verify.findings import Finding, Report
from tradegen.verify.verification import verify
from tradegen.verify.vocabulary import VerifyError

__all__ = ["Finding", "Report", "VerifyError", "open_dataset", "verify", "verify_dataset"]
