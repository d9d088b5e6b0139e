"""What the models of ledger entries and of evidence have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

Texts = dict[str, str]
"""Language code -> text."""


class Body(BaseModel):
    """A body: further fields may come with later versions."""

    model_config = ConfigDict(extra='allow')
