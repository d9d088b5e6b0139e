"""What the record says about a question, and what it says about the answers to one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from cobot_ai.app.ports import Draft, Entry
from cobot_ai.app.record import AUDITED
from cobot_ai.core.asks import Ask, Phase, Status, open_ask
from cobot_ai.core.policy import risk_of
from cobot_ai.core.spec import Action, CellSpec, QuestionSpec
from cobot_ai.core.types import Case, Decision, Facts, Json


def ask_body(question: QuestionSpec, case: Case, decision: Decision, wall_ns: int) -> Json:
    """The record of a question as it is put to people.

    Args:
        question: What is asked. case: The step. decision: Why a person is asked.
        wall_ns: Wall clock now, nanoseconds.
    """
    return {
        **question_body(question, case.context, case.facts),
        'why': decision.why.value,
        'risk': round(risk_of(decision.why, decision.score, question), 6),
        'deadline_s': question.deadline_s,
        'undo_s': question.undo_s,
        'lease_s': question.lease_s,
        'deadline_wall_ns': wall_ns + round(question.deadline_s * 1e9),
        'fail_safe': question.fail_safe.value,
        'blind': decision.why.value in AUDITED,
    }


def question_body(question: QuestionSpec, context: str, facts: Facts) -> Json:
    """What every question says, whether it has a deadline or not."""
    q = question
    return {
        'context': context,
        'facts': dict(facts),
        'classes': [
            {'name': c.name, 'action': c.action.value, 'nominal': c.nominal, 'text': {**c.text}}
            for c in q.classes
        ],
        'cost': max((c.cost for c in q.classes), default=1.0),
        'open_classes': q.open_classes,
        'text': dict(q.text),
        'sop': q.sop,
    }


def standing_answer(entries: Iterable[Entry]) -> Entry | None:
    """The accepted answer of a case that was not taken back, if there is one."""
    given = None
    for entry in entries:
        if entry.kind == 'answer' and entry.body['status'] == Status.ACCEPTED.value:
            given = entry
        elif entry.kind == 'undo':
            given = None
    return given


def said_otherwise(entries: Iterable[Entry]) -> set[str]:
    """What others answered instead of the standing answer of a case, which nobody took back."""
    found: set[str] = set()
    for entry in entries:
        status = entry.body['status'] if entry.kind == 'answer' else ''
        if entry.kind == 'undo' or status == Status.ACCEPTED.value:
            found = set()
        elif status == Status.CONFLICT.value:
            found.add(entry.body['label'])
    return found


def resolution_body(spec: CellSpec, outcome: str, label: str, by: str) -> Json:
    """The record of an outcome: what the robot does, and whether the process goes on."""
    answered = outcome == 'answered'
    if answered:
        action = spec.question.action_of(label)
    elif outcome == 'suppressed' and spec.budget.over != 'fail_safe':
        action = Action(spec.budget.over)
    else:
        action = spec.question.fail_safe
    return {
        'outcome': outcome,
        'label': label or None,
        'action': action.value,
        'go': answered and action is Action.CONTINUE,
        'by': by,
        'late_ms': 0.0,
    }


def unlike(resolution: Entry, told: str) -> Draft:
    """The disk kept an outcome that it had refused; the robot had been told another one by then."""
    detail = (
        f'The robot was told the fail-safe ({told}), the record says '
        f'{resolution.body["outcome"]}: the disk refused the write and kept it all the same.'
    )
    return Draft('fault', {'code': 'ledger', 'detail': detail}, resolution.case)


def came_through(entries: Sequence[Entry]) -> list[Entry]:
    """The resolution of a case and the labels of the same commit."""
    first = next(i for i, e in enumerate(entries) if e.kind == 'resolution')
    found = [entries[first]]
    for entry in entries[first + 1 :]:
        if entry.kind != 'label' or entry.seq != found[-1].seq + 1:
            break
        found.append(entry)
    return found


def closed_ask(entries: Iterable[Entry], question: QuestionSpec) -> Ask:
    """The ask of a case whose outcome is in the record."""
    resolution = next(e for e in entries if e.kind == 'resolution')
    body = resolution.body
    phase = Phase.FINAL if body['outcome'] == 'answered' else Phase.EXPIRED
    ask = open_ask(resolution.case, question, 0)
    return replace(ask, phase=phase, by=(body['by'], ''), label=body['label'] or '')


def label_body(
    entries: Sequence[Entry], label: str | None, by: str, source: str, said: Collection[str] = ()
) -> Json:
    """The record of the next revision of a case's label, without its place.

    Args:
        entries: Of the case. label: What counts now, None: nothing does. by: Who says so.
        source: Why (docs/ledger.md). said: What people say who disagree.
    """
    body: Json = {'label': label, 'by': by, 'source': source}
    body['revision'] = 1 + sum(e.kind == 'label' for e in entries)
    guess = audited(entries)
    if guess is None:
        return body
    # They disagree about the class, but not about the model: the audit has failed.
    wrong = {'wrong': True} if label is None and said and guess['guess'] not in said else {}
    return {**body, 'audit': guess, **wrong}


def audited(entries: Iterable[Entry]) -> Json | None:
    """What the model thought of a case it was sure of and a person was asked about anyway."""
    body = next((e.body for e in entries if e.kind == 'decision'), {})
    if body.get('why') not in AUDITED or not body['probs']:
        return None
    guess = max(body['probs'], key=lambda name: body['probs'][name])
    share = body['params'].get('share', 1.0)
    return {'guess': guess, 'confidence': body['confidence'], 'share': share}
