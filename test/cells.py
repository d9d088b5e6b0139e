"""Small cells and messages for tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cobot_ai.core.samples import RawMessage
from cobot_ai.core.spec import (
    Action,
    BudgetSpec,
    CellSpec,
    ClassSpec,
    ModelSpec,
    QuestionSpec,
    RiskSpec,
    StepSpec,
)
from cobot_ai.core.stream_spec import ChannelSpec, StreamSpec
from cobot_ai.core.types import Missing
from cobot_ai.store.typestore import encode, encode_step

WRENCH = 'geometry_msgs/msg/WrenchStamped'
STEP = 'diagnostic_msgs/msg/DiagnosticStatus'
S = 10**9


def wrench_stream(missing: Missing = Missing.ASK, **more: object) -> StreamSpec:
    channels = tuple(
        ChannelSpec(name, f'wrench.force.{axis}', 'N', missing=missing, **more)  # type: ignore[arg-type]
        for name, axis in (('fx', 'x'), ('fz', 'z'))
    )
    return StreamSpec('wrench', 'wrench', WRENCH, 100.0, channels)


def question(**changes: object) -> QuestionSpec:
    classes = (
        ClassSpec('good', Action.CONTINUE, nominal=True),
        ClassSpec('bad', Action.REJECT),
    )
    return replace(QuestionSpec(classes, deadline_s=30.0), **changes)


def cell(**changes: object) -> CellSpec:
    spec = CellSpec(
        name='test_cell',
        streams=(wrench_stream(),),
        step=StepSpec(samples=16, topic='step', context=('operation',)),
        question=question(),
        risk=RiskSpec(
            epsilon=0.2, delta=0.2, min_answers=5, burn_in=3, audit_first=0.0, audit_last=0.0
        ),
        model=ModelSpec(head='linear', swap='at_once'),
        budget=BudgetSpec(0.0, 0.0),
        digest='0' * 64,
    )
    return replace(spec, **changes)


def wrench(t_ns: int, fx: float, fz: float) -> RawMessage:
    body = {'header': {'stamp': t_ns}, 'wrench': {'force': {'x': fx, 'z': fz}}}
    return RawMessage('/wrench', WRENCH, t_ns, encode(WRENCH, body))


def step_messages(
    start_ns: int,
    values: Sequence[tuple[float, float]],
    facts: dict[str, str] | None = None,
    period_ns: int = S // 100,
) -> list[RawMessage]:
    """One step: begin, a wrench every period, end."""
    facts = facts or {'operation': 'insert'}
    end = start_ns + len(values) * period_ns
    data = [wrench(start_ns + i * period_ns, *v) for i, v in enumerate(values)]
    begin = RawMessage('/step', STEP, start_ns, encode_step('begin', facts))
    return [begin, *data, RawMessage('/step', STEP, end, encode_step('end', facts))]


def signal(label: str, rng: np.random.Generator, n: int = 32) -> list[tuple[float, float]]:
    """A step's forces: a bad one pushes much harder."""
    level = 2.0 if label == 'good' else 20.0
    return [(float(rng.normal(0, 0.3)), float(level + rng.normal(0, 0.3))) for _ in range(n)]


def resolve(name: str) -> str:
    """Topics of a cell without a namespace."""
    return '/' + name.removeprefix('~/')
