"""A class comes often that the live model was not taught: its certificate is from before."""

from __future__ import annotations

import numpy as np
from cells import cell

from cobot_ai.app.model_ports import Scorer
from cobot_ai.app.ports import Entry
from cobot_ai.app.record import Record
from cobot_ai.core.manifest import Manifest
from cobot_ai.core.spec import RiskSpec
from cobot_ai.core.types import Case, Score, Window

WINDOW = Window(('a', 'b', 'c'), np.zeros((3, 4), np.float32), np.ones((3, 4), np.bool_), 0, 1)


class Taught(Scorer):
    """A live version and the classes behind it."""

    def __init__(self, *names: str, dropped: tuple[str, ...] = ()) -> None:
        labels, facts = dict.fromkeys(names, 30), {'dropped': list(dropped)}
        self._manifest = Manifest(
            '', '', names, ('a',), 4, (), labels, {}, '', '', '', 0, 0, 'kernel', facts
        )

    @property
    def manifest(self) -> Manifest:
        return self._manifest

    def score(self, window: Window) -> Score:
        raise NotImplementedError


class Line:
    """A cell that gets one label after the other."""

    def __init__(self) -> None:
        self.record, self.count = Record(cell(risk=RiskSpec(burn_in=2))), 0

    def label(self, *names: str | None, case: int = 0) -> None:
        for name in names:
            self.count += 1
            body = {'label': name, 'by': 'a', 'source': 'answer', 'context': 'x', 'revision': 1}
            self.record.take(Entry(self.count, 0, 'label', case or self.count, body))

    def burn_in(self, scorer: Scorer, context: str = 'x') -> int:
        return self.record.standing(Case(999, context, 'g', {}, WINDOW), scorer).burn_in


def test_it_asks_until_a_version_knows_the_class_that_comes_often_now() -> None:
    line, old, new = Line(), Taught('good', 'bad'), Taught('good', 'bad', 'jam')
    line.label(*['good', 'bad'] * 30, 'jam', 'jam', 'good', 'jam', 'good')
    assert (line.burn_in(old), line.burn_in(new)) == (1, 0)
    assert line.burn_in(old, 'another context') == 0


def test_one_case_of_a_new_class_is_burn_in_and_no_more() -> None:
    line, old = Line(), Taught('good', 'bad')
    line.label(*['good', 'bad'] * 30, 'jam')
    assert line.burn_in(old) == 2
    line.label('good', 'bad')
    assert line.burn_in(old) == 0


def test_a_slip_of_the_finger_that_was_corrected_asks_for_nothing() -> None:
    line, old = Line(), Taught('good', 'bad')
    line.label(*['good', 'bad'] * 30, 'jam', 'jam', 'jam', 'good', 'good')
    assert line.burn_in(old) == 1
    line.label('bad', case=61)
    line.label(None, case=62)
    assert line.burn_in(old) == 0, 'a single case is no change'


def test_channels_lost_together_need_a_version_without_them() -> None:
    record, gone = Record(cell()), WINDOW.mask.copy()
    gone[:2] = False
    case = Case(1, 'x', 'g', {}, Window(WINDOW.channels, WINDOW.values, gone, 0, 1))
    assert record.standing(case, Taught('good', 'bad')).untried == ('a', 'b')
    assert record.standing(case, Taught('good', 'bad', dropped=('a', 'b'))).untried == ()
    assert record.standing(case, Taught('good', 'bad', dropped=('b',))).untried == ()
    gone[1] = True
    assert record.standing(case, Taught('good', 'bad')).untried == (), 'the gate has tried one'
