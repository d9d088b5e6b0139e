"""What a window of a cell is: what is measured, and which stretch of time."""

from __future__ import annotations

import hashlib

from cobot_ai.core.spec import CellSpec


def form(spec: CellSpec) -> str:
    """Digest of what the windows of a cell are.

    Not of what is done about lost data, nor of words: those change no number.
    """
    measured = [
        (*seen, c.name, c.path, c.unit, c.resample.value, c.band)
        for s in spec.streams
        for seen in [(s.name, s.topic, s.type, s.block_hz, s.time_from.value)]
        for c in s.channels
    ]
    eye = [(s.name, s.topic) for s in spec.streams if s.name == spec.model.still]
    cut = (spec.step.samples, *_stretch(spec))
    return hashlib.sha256(repr((measured, eye, cut)).encode()).hexdigest()


def alike(old: CellSpec, new: CellSpec) -> bool:
    """Whether cases judged under `old` are of the kind that `new` judges, made again from clips.

    A clip keeps what the sensors sent, so that another field or rate can be taken out of it; not
    what its numbers meant then, nor another stretch of time.
    """
    before, now = _units(old), _units(new)
    meant = all(now.get(name, unit) == unit for name, unit in before.items())
    return meant and _stretch(old) == _stretch(new)


def _stretch(spec: CellSpec) -> tuple[object, ...]:
    step = spec.step
    return step.trigger.value, step.length_s, step.threshold, step.edges


def _units(spec: CellSpec) -> dict[str, str]:
    return {f'{s.name}.{c.name}': c.unit for s in spec.streams for c in s.channels}
