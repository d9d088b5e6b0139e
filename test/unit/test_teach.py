"""The training set: only what is new is looked at, and no label goes with its clip."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from bench_cell import Bench
from cells import resolve
from fakes import MemoryClips, MemoryWindows

from cobot_ai.app.making import certify_contexts
from cobot_ai.app.ports import Draft, Entry
from cobot_ai.app.retrain import Trainer
from cobot_ai.app.teach import Dataset, newest_labelled, window_form
from cobot_ai.core.types import LabelledCase, Window, oldest_first
from cobot_ai.store.messages import RosbagsDecoder


class CountedClips(MemoryClips):
    """Clips that count how often they are read."""

    reads = 0

    def read(self, case: int) -> Any:
        self.reads += 1
        return super().read(case)


def taught(count: int = 12) -> Bench:
    bench = Bench(clips=CountedClips())
    for n in range(count):
        bench.teach('good' if n % 2 else 'bad')
    return bench


def dataset(bench: Bench, windows: MemoryWindows | None = None, **changes: Any) -> Dataset:
    spec = replace(bench.spec, **changes)
    return Dataset(bench.ledger, bench.clips, spec, RosbagsDecoder(), resolve, windows)


def seen(source: Dataset) -> list[tuple[int, str, bytes]]:
    source.refresh()
    return [(c.id, c.label, c.window.values.tobytes()) for c in source.cases()]


def test_a_label_outlives_its_clip_also_after_a_restart() -> None:
    bench, windows = taught(), MemoryWindows()
    before = seen(dataset(bench, windows))
    for case in (1, 2, 3):
        del bench.clips.clips[case]
    assert seen(dataset(bench, windows)) == before
    alone = dataset(bench)
    assert len(seen(alone)) == len(before) - 3
    assert alone.unreadable == {1, 2, 3}


def test_a_kept_window_of_another_cell_file_is_not_used() -> None:
    bench, windows = taught(), MemoryWindows()
    seen(dataset(bench, windows))
    del bench.clips.clips[1]
    finer = replace(bench.spec.step, samples=bench.spec.step.samples * 2)
    assert 1 not in [case for case, *_ in seen(dataset(bench, windows, step=finer))]
    (stream, *rest), words = bench.spec.streams, {'en': 'Force'}
    named = replace(stream.channels[0], text=words), *stream.channels[1:]
    reworded = (replace(stream, channels=named), *rest)
    assert window_form(replace(bench.spec, streams=reworded)) == window_form(bench.spec)


def test_a_forgotten_label_takes_its_window_along_until_somebody_labels_it_again() -> None:
    bench, windows = taught(), MemoryWindows()
    source = dataset(bench, windows)
    seen(source)
    body = bench.entries('label', 1)[0].body
    bench.ledger.commit([Draft('label', {**body, 'label': None, 'source': 'forgotten'}, 1)], 1)
    seen(source)
    assert 1 not in windows.kept
    assert 2 in windows.kept
    bench.ledger.commit([Draft('label', {**body, 'source': 'correction'}, 1)], 1)
    again = seen(source)
    assert 1 in windows.kept
    del bench.clips.clips[1]
    assert seen(dataset(bench, windows)) == again, 'an old forgetting does not delete it'


def test_a_clip_is_read_once_and_one_that_is_gone_is_tried_once() -> None:
    bench = taught()
    del bench.clips.clips[1]
    source, clips = dataset(bench), bench.clips
    clips.reads = 0
    for _ in range(3):
        seen(source)
    assert clips.reads == len(bench.ledger.labels())
    bench.ledger.commit([Draft('clip', {'sha256': 'a' * 64, 'kept': 'labelled'}, 1)], 1)
    seen(source)
    assert clips.reads == len(bench.ledger.labels()) + 1, 'a new clip is looked at'


def test_a_clip_that_cannot_be_cut_any_more_leaves_out_its_case_alone() -> None:
    bench = taught()
    (stream, *rest) = bench.spec.streams
    other = (replace(stream, type='sensor_msgs/msg/JointState'), *rest)
    source = dataset(bench, streams=other)
    assert seen(source) == []
    assert source.unreadable == set(bench.ledger.labels())


def test_a_label_before_its_clip_counts_when_the_clip_comes() -> None:
    bench = taught(4)
    entries = bench.ledger.since(0, 10**6)
    late = [e for e in entries if (e.kind, e.case) == ('clip', 1)]
    source = dataset(bench)
    source.take(e for e in entries if e not in late)
    assert 1 not in [c.id for c in source.cases()]
    assert source.take(late) == 1
    assert 1 in [c.id for c in source.cases()]


def test_a_turn_with_nothing_new_builds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = taught()
    calls = []
    cases = Dataset.cases
    monkeypatch.setattr(Dataset, 'cases', lambda self: calls.append(None) or cases(self))
    bench.trainer.turn(bench.clock.t_ns)
    calls.clear()
    for _ in range(5):
        assert bench.trainer.turn(bench.clock.t_ns) is None
    assert calls == []
    assert bench.command('correct', case=1, label='good')['ok']
    bench.trainer.turn(bench.clock.t_ns)
    assert calls
    calls.clear()
    bench.trainer.retune(replace(bench.spec, risk=replace(bench.spec.risk, epsilon=0.01)))
    assert bench.trainer.turn(bench.clock.t_ns), 'another risk is worth a candidate'
    assert calls


def test_a_request_within_a_break_is_one_full_refit(monkeypatch: pytest.MonkeyPatch) -> None:
    bench, fits = taught(), []
    fit = Trainer._fit
    monkeypatch.setattr(
        Trainer, '_fit', lambda self, cases, full: fits.append(full) or fit(self, cases, full)
    )
    bench.command('maintenance', on=True)
    bench.command('retrain')
    bench.trainer.turn(bench.clock.t_ns)
    case = bench.entries('label')[0].case
    bench.command('correct', case=case, label='good')
    bench.trainer.turn(bench.clock.t_ns)
    assert fits == [True, False]


def test_after_a_restart_only_the_newest_labelled_cases_are_read() -> None:
    bench, limits = taught(), []
    last = bench.ledger.last
    bench.ledger.since = lambda *a: pytest.fail('the whole ledger is not read')
    bench.ledger.last = lambda kind, limit=1: limits.append((kind, limit)) or last(kind, limit)
    source = dataset(bench)
    source.take(newest_labelled(bench.ledger, 5))
    assert [c.id for c in source.cases()] == sorted(bench.ledger.labels())[-5:]
    assert limits == [('label', 5)]


def placed(number: int, start_ns: int, imported: bool = False) -> LabelledCase:
    window = Window(('a',), np.zeros((1, 2), np.float32), np.ones((1, 2), bool), start_ns, start_ns)
    return LabelledCase(number, 'c', '', window, 'good', imported=imported)


def test_an_import_is_as_old_as_its_stamps_and_the_cells_own_cases_as_their_numbers() -> None:
    own = [placed(1, 100), placed(2, 200), placed(5, 300), placed(6, 50), placed(7, 60)]
    old, young = [placed(3, 10, True), placed(4, 150, True)], [placed(8, 400, True)]
    order = [c.id for c in oldest_first([*own, *old, *young])]
    assert order == [3, 1, 4, 2, 5, 6, 7, 8], 'case 6 and 7: the clock of the cell was set back'


class Judged:
    """A fitter's result whose honest scores are given."""

    def __init__(self, cases: list[LabelledCase], wrong: set[int]) -> None:
        self.cases, self.classes, self.blob = [c.id for c in cases], ('good', 'bad'), b''
        self.scores = np.array([(0.01, 0.99) if c.id in wrong else (0.99, 0.01) for c in cases])


def test_old_clean_recordings_do_not_cover_a_bad_present() -> None:
    spec = Bench().spec
    spec = replace(spec, risk=replace(spec.risk, epsilon=0.05))
    own = [placed(n, 10**9 * n) for n in range(1, 501)]
    wrong = set(range(487, 501))
    imports = [placed(n, n, True) for n in range(501, 651)]
    for cases in (own, [*own, *imports]):
        (found,) = certify_contexts(Judged(cases, wrong), cases, spec, 0)
        assert found.threshold is None
    (found,) = certify_contexts(Judged(own, set(range(1, 15))), own, spec, 0)
    assert found.threshold is not None, 'the same errors long ago'


def test_what_the_model_decided_alone_is_looked_up_when_somebody_labels_it() -> None:
    bench = taught(24)
    alone = bench.step('good')
    assert bench.entries('decision', alone)[0].body['verdict'] == 'act'
    source = dataset(bench)
    source.refresh()
    span = bench.entries('decision', alone)[0].body
    assert source.case_at(span['start_ns'], span['end_ns']) == alone
    assert source.case_at(span['start_ns'], span['end_ns'] + 1) is None
    assert alone not in source.clips_ready, 'a cell that runs for years keeps no list of them'
    bench.command('correct', case=alone, label='bad')
    for found in (source, dataset(bench)):
        found.refresh()
        assert [c.label for c in found.cases() if c.id == alone] == ['bad']


def test_a_decision_made_alone_costs_little_memory() -> None:
    body = {'context': 'c', 'group': 'g', 'notes': [], 'why': 'sure', 'verdict': 'act'}
    made = [Entry(n, n, 'decision', n, {**body, 'start_ns': n, 'end_ns': n}) for n in range(9000)]
    source = dataset(Bench())
    tracemalloc.start()
    try:
        source.take(made)
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert used < 50 * len(made), 'a sliding cell decides 30 million times a year'


def test_a_group_that_is_declared_later_counts_for_the_labels_from_before_as_well() -> None:
    """Two runs of four windows: who declares the runs afterwards has two witnesses, not eight."""
    bench = taught(8)
    for entry in bench.entries('decision'):
        entry.body['facts']['run'] = '1' if entry.case <= 4 else '2'
    alone = groups(bench)
    assert len(alone) == 8
    assert groups(bench, 'run') == {'run=1', 'run=2'}
    assert groups(bench, 'tool') == alone, 'what nobody said is no group'


def groups(bench: Bench, *keys: str) -> set[str]:
    source = dataset(bench, step=replace(bench.spec.step, group=keys))
    source.refresh()
    return {case.group for case in source.cases()}
