"""Why a context was decided alone or not, in plain words, from the ledger alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from cobot_ai.app.ports import Entry
from cobot_ai.app.report_guess import told
from cobot_ai.core.levels import CELL, CONTEXT, OPERATION, in_force
from cobot_ai.core.risk import Certificate
from cobot_ai.core.types import Json, Verdict, Why

SHOWN = ('level', 'rule', 'epsilon', 'delta', 'threshold', 'labels', 'accepted', 'errors')
FURTHER = ('bound', 'missing', 'changed', 'since', 'since_errors', 'groups')


@dataclass(slots=True)
class Standing:
    """What the models of a run were allowed at its end.

    Attributes:
        live: Digest of the live version, None without one.
        offered: Certificates of every candidate. failed: Checks the newest candidate failed.
        refused: How many candidates the gate refused.
        waiting: Versions that passed the gate since the last swap, and wait for one.
    """

    live: str | None = None
    offered: dict[str, tuple[Certificate, ...]] = field(default_factory=dict)
    failed: tuple[str, ...] = ()
    refused: int = 0
    waiting: int = 0

    def take(self, entry: Entry) -> None:
        """Take in an entry; others than candidates and swaps change nothing."""
        body = entry.body
        if entry.kind == 'candidate':
            self.offered[body['model']] = tuple(Certificate(**c) for c in body['certificates'])
            self.failed = tuple(body['failed'])
            self.refused += not body['passed']
            self.waiting += body['passed']
        elif entry.kind in ('promote', 'rollback'):
            self.live, self.waiting = body['model'], 0

    def certificate(self, context: str) -> Certificate | None:
        """The live version's certificate in force in a context; None where it has none."""
        found = self.offered.get(self.live or '', ())
        return in_force(found, context, (OPERATION, CELL))


def explained(
    context: str, decisions: Sequence[Json], labels: int, found: Json, standing: Standing
) -> Json:
    """Why cases of a context were asked, and what stands behind its threshold, or is missing.

    Args:
        context: Its key. decisions: Bodies of its decisions, in order.
        labels: Answers given in it. found: Its right guesses (`report_guess.guessed`).
        standing: What the live version was allowed at the end.
    """
    certificate = standing.certificate(context)
    decisions = [d for d in decisions if d['why'] != Why.MERGED.value]
    acts = [i for i, d in enumerate(decisions) if d['verdict'] == Verdict.ACT.value]
    facts = {n: getattr(certificate, n) for n in (*SHOWN, *FURTHER)} if certificate else None
    return {
        'first_alone': acts[0] + 1 if acts else None,
        'reasons': reasons(decisions),
        'answers': labels,
        'certificate': facts,
        'said': _lost(decisions) + _said(certificate, labels, found, standing),
    }


def reasons(decisions: Iterable[Json]) -> dict[str, int]:
    """How many cases were put to people for each reason, the most frequent first."""
    passed = (Why.SURE.value, Why.USUAL.value, Why.MERGED.value)
    return dict(Counter(d['why'] for d in decisions if d['why'] not in passed).most_common())


LOST = 0.1
"""Share of cases from which on lost channels are named."""
NAMED = 3


def _lost(decisions: Sequence[Json]) -> str:
    """Which channels were lost, where many cases were asked for nothing else."""
    told = (Why.SENSOR.value, Why.SENSOR_STOP.value)
    asked = [d for d in decisions if d['why'] in told]
    if len(asked) <= LOST * len(decisions):
        return ''
    lost = Counter(name for d in asked for name in d['params'].get('channels', ()))
    named = ', '.join(f'{name} ({n})' for name, n in lost.most_common(NAMED))
    more = f' and {len(lost) - NAMED} more' if len(lost) > NAMED else ''
    return (
        f'{len(asked)} of {len(decisions)} cases lacked a channel and were asked for that alone: '
        f'{named}{more}. `cobot_ai doctor CELL --bag BAG` says what does not fit. '
    )


def _said(certificate: Certificate | None, labels: int, found: Json, standing: Standing) -> str:
    if standing.live is None:
        return _without_model(labels, standing)
    return _with_model(certificate, labels, told(found)) + _waiting(standing)


def _with_model(certificate: Certificate | None, labels: int, accuracy: str) -> str:
    if certificate is None:
        return f'The live version has learnt none of the {labels} answers of this context.'
    promise = f'at most {certificate.epsilon:.3g} wrong, rule {certificate.rule}'
    promise += '' if certificate.level == CONTEXT else f', of the whole {certificate.level}'
    if certificate.threshold is None:
        return (
            f'May not act alone: {certificate.labels} answers support no confidence ({promise}).'
            + accuracy
            + f' No fewer than {certificate.missing} more could do: all right, surer than any so '
            'far, and counted together with the surest of these.' + _changed(certificate)
        )
    return (
        f'May act alone from the confidence {certificate.threshold:.3f} on ({promise}): '
        f'{certificate.accepted} of {certificate.labels} answers lie there, wrong ones count '
        f'{certificate.errors}, so that at most {certificate.bound or 0:.3f} are wrong.{accuracy}'
    )


def _changed(certificate: Certificate) -> str:
    """That older answers do not count in full, where a class came late and often."""
    if not certificate.changed:
        return ''
    return (
        f' A class came late and then often: the {certificate.labels - certificate.changed} '
        f'answers after the first {certificate.changed} must support it by themselves too.'
    )


def _waiting(standing: Standing) -> str:
    """That versions wait for a break, which a recording does not have."""
    if not standing.waiting:
        return ''
    return (
        f' Since the last swap {standing.waiting} passed the gate and wait for a maintenance '
        'break; `model.swap: at_once` needs none.'
    )


def _without_model(labels: int, standing: Standing) -> str:
    if not standing.offered:
        return f'No version was trained: {labels} answers are too few, or all of one class.'
    if standing.waiting:
        return f'No version went live after {labels} answers.{_waiting(standing)}'
    failed = ', '.join(standing.failed) or 'nothing'
    return (
        f'No version went live after {labels} answers: the gate refused {standing.refused} of '
        f'{len(standing.offered)}; the newest failed {failed}.'
    )
