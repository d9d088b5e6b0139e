"""Example questions, evidence and manifests for the console's tests."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from cobot_ai.core import gates
from cobot_ai.core.gates import GateReport
from cobot_ai.core.manifest import Manifest
from cobot_ai.core.risk import Certificate
from cobot_ai.core.spec import Action, ClassSpec, QuestionSpec
from cobot_ai.core.suite import LabelLimits
from cobot_ai.core.types import Case, Window

PNG = bytes.fromhex(
    '89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154'
    '78da6360606000000004000127343a0a0000000049454e44ae426082'
)
CLASSES = (
    ClassSpec(
        'seated',
        Action.CONTINUE,
        True,
        text={'en': 'Seated', 'de': 'Sitzt richtig', 'ar': 'في مكانه', 'ja': '正しく挿入'},
    ),
    ClassSpec(
        'misaligned',
        Action.REWORK,
        text={'en': 'Misaligned', 'de': 'Schief eingesetzt', 'ar': 'مائل', 'ja': '傾いている'},
    ),
    ClassSpec(
        'missing',
        Action.REJECT,
        text={'en': 'Part missing', 'de': 'Teil fehlt', 'ar': 'القطعة مفقودة', 'ja': '部品がない'},
    ),
)
QUESTION = QuestionSpec(
    CLASSES,
    deadline_s=40.0,
    undo_s=5.0,
    text={
        'en': 'Is the peg fully seated?',
        'de': 'Sitzt der Stift ganz im Loch?',
        'ar': 'هل الوتد في مكانه تمامًا؟',
        'ja': 'ピンは奥まで正しく挿入されていますか？',  # noqa: RUF001
    },
)
FACTS = {'operation': 'insert', 'part': 'peg_a', 'part_id': 'P-20417'}


def a_case(number: int, facts: Any) -> Case:
    empty = np.zeros((1, 2), np.float32)
    window = Window(('wrench.fz',), empty, empty > 1, 0, 1)
    return Case(number, 'operation=insert/part=peg_a', f'g{number}', facts, window)


def decision_body(case: Case, verdict: str, label: str | None = None, model: Any = None) -> Any:
    return {
        'verdict': verdict,
        'why': 'sure' if verdict == 'act' else 'below_threshold',
        'params': {},
        'label': label,
        'action': 'continue' if label else None,
        'context': case.context,
        'facts': dict(case.facts),
        'classes': [c.name for c in CLASSES],
        'probs': {'seated': 0.71234, 'misaligned': 0.18766, 'missing': 0.1},
        'confidence': 0.71234,
        'threshold': 0.93,
        'model': model,
        'nearest': [],
        'notes': [
            {'channel': 'temp.joint_3', 'problem': 'gap', 'action': 'mask', 'share': 0.25}
        ],
        'start_ns': 0,
        'end_ns': 1_200_000_000,
        'group': case.group,
        'clip': None,
        'latency_ms': 3.2,
    }  # fmt: skip


def an_evidence(count: int = 5, still: str | None = None, seed: int = 0, odd: bool = True) -> Any:
    """Channels of a peg insertion: the first leaves its band, the last was not measured."""
    t = np.linspace(0, 1.2, 64)
    texts = [
        ({'en': 'Push force', 'de': 'Einpresskraft', 'ar': 'قوة الضغط', 'ja': '押し込み力'}, 'N'),
        (
            {'en': 'Side force', 'de': 'Seitenkraft', 'ar': 'القوة الجانبية', 'ja': '横方向の力'},
            'N',
        ),
        ({}, 'N*m'),
        ({}, 'rad'),
        ({'en': 'Motor 3 temperature', 'de': 'Motor 3 Temperatur'}, 'degC'),
    ]
    channels = []
    for k in range(count):
        base = (k + 1) * 6 * np.exp(-((t - 0.8) ** 2) / 0.03)
        swing = (14 / (k + 1)) * (t > 0.5) * np.sin(9 * t) if odd else 0.0
        value = base + swing + 0.3 * np.sin(80 * t + seed)
        lost = k == 4
        text, unit = texts[k % len(texts)]
        channels.append(
            {
                'name': f'wrench.c{k}' if k < 3 else f'joint.c{k}',
                'unit': unit,
                'text': text,
                't': [round(float(x), 4) for x in t],
                'value': [None if lost else round(float(x), 4) for x in value],
                'low': [round(float(x) - 2, 4) for x in base],
                'high': [round(float(x) + 2, 4) for x in base],
                'score': 9.0 / (k + 1),
                'note': 'gap' if lost else None,
            }
        )
    return {
        'channels': channels, 'still': still, 'good': None, 'bad': None, 'span_s': 1.2,
        'band_cases': 14, 'nearest': [],
    }  # fmt: skip


def a_manifest(passed: bool, seed: int, case: int) -> Manifest:
    golden = [(n, 'seated', 'seated', 0.99, 0.9) for n in range(20, 31)]
    wrong = (case, 'seated', 'seated' if passed else 'missing', 0.99, 0.9)
    labels = {'seated': 80, 'misaligned': 30, 'missing': 10}
    checks = (
        gates.enough_labels(labels, list(labels), {}, LabelLimits()),
        gates.golden([wrong, *golden]),
    )
    context = 'operation=insert/part=peg_a'
    certificates = (
        Certificate(context, 'certified', 0.05, 0.1, 0.93, 120, 61, 0, 0.037),
        Certificate(
            'operation=insert/part=peg_b', 'certified', 0.05, 0.1, None, 14, missing=32, groups=13
        ),
    )
    return Manifest(
        blob='a' * 64,
        parent='',
        classes=('seated', 'misaligned', 'missing'),
        channels=('wrench.fz',),
        samples=64,
        certificates=certificates,
        labels=labels,
        contexts={context: 120},
        data='d' * 64,
        cell='c' * 64,
        code='0.1.0',
        seed=seed,
        created_ns=time.time_ns(),
        head='linear',
        gates=GateReport(checks),
    )
