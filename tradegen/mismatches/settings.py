"""What the settings of every mechanism have in common."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, model_validator

from tradegen.validation import STRICT

__all__ = ["Range", "Settings"]


class Settings(BaseModel):
    """Settings of one mechanism; this base has none."""

    model_config = STRICT


class Range(Settings):
    """Settings with a smallest and a largest size."""

    min: float
    max: float

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"min is {self.min} and max is {self.max}; expected min at or below max")
        return self
