"""Thresholds as calibrated objects: the one number that sets the risk.

A certificate says: among decisions taken alone at or above `threshold`, the share of wrong ones
is at most `epsilon` (with confidence 1 - `delta` under rule `certified`). Where the labels cannot
support that, `threshold` is None: none exists, and the policy asks.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Certificate:
    """A threshold with what stands behind it.

    Attributes:
        context: Context key it is valid for.
        rule: `certified` or `expected`.
        epsilon: Promised largest share of wrong decisions among those taken alone.
        delta: Allowed chance that the promise does not hold (`certified` only).
        threshold: Smallest confidence that may act alone; None when none exists.
        labels: Honest (cross-fitted) scores the calibration used.
        accepted: How many of them lie at or above the threshold.
        errors: How many of those were wrong.
        bound: Upper bound of the error share at the threshold; None when none exists.
        missing: Least number of further clean labels needed before one can exist (0 if it does).
        created_ns: When it was made, cell clock, nanoseconds.
    """

    context: str
    rule: str
    epsilon: float
    delta: float
    threshold: float | None
    labels: int
    accepted: int = 0
    errors: int = 0
    bound: float | None = None
    missing: int = 0
    created_ns: int = 0
