"""How often the model was right about cases it had not seen, decided alone or not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from cobot_ai.core.types import Json

NEWEST = 50
"""The last cases that are counted apart: what the model knows by now."""


def guess(decision: Json) -> str | None:
    """The class a model of two or more classes found most probable; None without such a model.

    A decision is written before its answer exists, so its guess never knows the answer.
    """
    probs = decision['probs']
    return max(probs, key=probs.__getitem__) if len(probs) > 1 else None


def guessed(pairs: Sequence[tuple[str, str]]) -> Json:
    """Count the right guesses, in all, per true class, and among the newest.

    Args:
        pairs: Guess and true class of each case, oldest first.
    """
    of = Counter(was for _, was in pairs)
    right = Counter(was for thought, was in pairs if thought == was)
    newest = pairs[-NEWEST:]
    return {
        'of': len(pairs),
        'right': right.total(),
        'newest': {'of': len(newest), 'right': sum(a == b for a, b in newest)},
        'classes': {was: {'of': n, 'right': right[was]} for was, n in of.most_common()},
    }


def told(found: Json) -> str:
    """The same in a sentence that follows another; empty without a guess."""
    if not found['of']:
        return ''
    text = f' Its guess was right in {found["right"]} of {found["of"]} cases it had not seen'
    newest = found['newest']
    if newest['of'] < found['of']:
        text += f', in {newest["right"]} of the newest {newest["of"]}'
    return f'{text}.'
