"""The heartbeat as the page gets it: the state of the monitor, twice a second."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from cobot_ai.web.schemas_models import AuditFigures


class AskTime(BaseModel):
    """Time left of an ask, milliseconds; `undo_ms` only while an answer can be taken back."""

    left_ms: float
    undo_ms: float | None = None


class Motion(BaseModel):
    """How the robot is held: `phase` is free, holding, held, not_held, lost, resuming, ...

    `stopped` is a safety stop nobody cleared yet; `text` is what to do at the robot, per language.
    """

    model_config = ConfigDict(extra='allow')

    recipe: str = 'none'
    phase: str = 'free'
    reason: str = ''
    stopped: str = ''
    missing: str = ''
    text: dict[str, str] = {}


class ContextState(BaseModel):
    """May the model act alone in a context, and what stands behind that.

    `taught`: labels of it the live version learnt from; null without one.
    """

    context: str
    answers: int
    needed_answers: int
    taught: int | None = None
    threshold: float | None
    level: str | None
    missing: int | None
    floor: float
    audits: AuditFigures
    alarm: int


class AlarmState(BaseModel):
    """A drift alarm that stands; `left` right answers in a row end it."""

    context: str
    figure: str
    capital: float
    limit: float
    left: int


class HeldFor(BaseModel):
    """Why the process is held, as a message key with its parameters."""

    key: Literal['case', 'person', 'no_step', 'more']
    n: int | None = None
    by: str | None = None


class SwapPlan(BaseModel):
    """A swap somebody planned; without `model` the newest that passed, without `at_ns` a break."""

    model: str | None
    at_ns: int | None
    by: str


class PulseState(BaseModel):
    """What the monitor's heartbeat says. Every key may be absent."""

    model_config = ConfigDict(extra='allow')

    mode: str | None = None
    held: str | None = None
    motion: Motion | None = None
    silent: list[str] | None = None
    blind: bool | None = None
    held_for: list[HeldFor] | None = None
    newest_hold: int | None = None
    maintenance: bool | None = None
    staged: str | None = None
    auto_paused: bool | None = None
    plan: SwapPlan | None = None
    asks_last_hour: int | None = None
    budget_warn: float | None = None
    budget_hard: float | None = None
    operators: int | None = None
    waiting: int | None = None
    waiting_cases: list[int] | None = None
    review: int | None = None
    model: str | None = None
    epsilon: float | None = None
    audits: AuditFigures | None = None
    contexts: list[ContextState] | None = None
    alarms: list[AlarmState] | None = None
    cases: int | None = None
    acted: int | None = None
    asked: int | None = None
    asks: dict[str, AskTime] | None = None


class Pulse(BaseModel):
    """Sent twice a second; `age_ms` is null when no heartbeat was ever seen."""

    age_ms: float | None
    state: PulseState
