"""What a tablet receives of a ledger entry.

A person must judge what they see, not what the model guessed: its opinion stays on this side, not
only out of the picture. Every kind that is not named here travels as its position alone.
What the robot did alone is left out too: with two classes it is the model's label, and the case
may still be offered for a blind look.
"""

from __future__ import annotations

from cobot_ai.core.config import spec_to_json
from cobot_ai.core.spec import CellSpec
from cobot_ai.core.types import Json

WHO = ('by', 'tablet')
SEEN: dict[str, tuple[str, ...]] = {
    'start': ('version', 'cell', 'shadow', 'boot'),
    'decision': ('verdict', 'context', 'facts', 'start_ns', 'end_ns'),
    'ask': (
        'context', 'facts', 'classes', 'open_classes', 'text', 'deadline_s', 'undo_s', 'lease_s',
        'deadline_wall_ns', 'fail_safe', 'sop', 'cost', 'evidence',
    ),
    'claim': (*WHO, 'epoch', 'lease_s'),
    'release': (*WHO, 'epoch'),
    'answer': (*WHO, 'label', 'epoch', 'status'),
    'undo': (*WHO, 'epoch'),
    'resolution': ('outcome', 'label', 'action', 'go', 'by', 'late_ms'),
    'label': ('label', 'by', 'source', 'context', 'revision'),
    'import': ('name', 'ok', 'by', 'context'),
    'audit': ('context',),
    'alarm': ('context', 'on', 'by'),
    'review': ('context', 'facts', 'classes', 'open_classes', 'text', 'sop', 'evidence'),
    'reason': (*WHO, 'reason'),
    'report': (*WHO, 'what', 'label', 'reason'),
    'promote': ('model', 'parent', 'by', 'reason'),
    'rollback': ('model', 'from', 'by'),
    'maintenance': ('on', 'by'),
    'hold': ('by', 'phase', 'confirmed'),
    'resume': ('by', 'phase', 'confirmed'),
}  # fmt: skip


def question_of(spec: CellSpec) -> Json:
    """The words of the cell's question, for what a tablet shows without an ask."""
    asked = spec_to_json(spec)['question']
    return {name: asked[name] for name in ('classes', 'open_classes', 'reasons', 'text', 'sop')}


def for_tablet(kind: str, body: Json) -> Json:
    """The part of a body that people at the cell may see before they answered."""
    return {name: body[name] for name in SEEN.get(kind, ()) if name in body}
