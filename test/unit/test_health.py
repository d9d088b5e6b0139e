"""What monitoring tools are told about a cell and its streams."""

from dataclasses import replace

from cells import cell

from cobot_ai.app.health import RECENT_NS, HealthReport, Level, silent

S = 10**9


def state(received, lost=0, **more):
    counts = {'received': received, 'lost': lost}
    streams = {'wrench': counts}
    base = {'mode': 'running', 'held': '', 'model': 'abc', 'cases': 0, 'streams': streams}
    return {**base, **more}


def levels(report, facts, now):
    return [h.level for h in report.of(facts, now)]


def test_a_stream_that_comes_whole_is_ok_and_a_silent_one_stale():
    report = HealthReport(cell())
    assert levels(report, state(10), 0) == [Level.OK, Level.OK]
    assert levels(report, state(20), S) == [Level.OK, Level.OK]
    assert levels(report, state(20), 4 * S) == [Level.OK, Level.STALE]
    assert levels(report, state(21), 5 * S) == [Level.OK, Level.OK]


def test_a_stream_that_never_came_is_stale():
    report = HealthReport(cell())
    assert silent(report.of(state(0), 0)) == []
    found = report.of(state(0), 4 * S)
    assert found[1].level is Level.STALE
    assert silent(found) == ['wrench'], 'what the page says'
    assert report.blind(found)


def test_a_cell_is_blind_when_all_are_silent_that_do_not_wait_for_a_step():
    (wrench,) = cell().streams
    others = replace(wrench, name='joints'), replace(wrench, name='camera', only_in_steps=True)
    report = HealthReport(replace(cell(), streams=(wrench, *others)))

    def of(now, **received):
        streams = {n: {'received': received.get(n, 5)} for n in ('wrench', 'joints', 'camera')}
        return report.of({**state(0), 'streams': streams}, now)

    assert not report.blind(of(0))
    found = of(4 * S, joints=6)
    assert silent(found) == ['wrench'] and not report.blind(found)
    found = of(8 * S, joints=6)
    assert silent(found) == ['wrench', 'joints'] and report.blind(found)


def test_between_steps_a_stream_that_speaks_in_steps_only_may_be_silent():
    always = cell()
    stream = replace(always.streams[0], only_in_steps=True)
    report = HealthReport(replace(always, streams=(stream,)))
    control = HealthReport(always)
    report.of(state(0, cases=7), 0)
    assert silent(report.of(state(0, cases=7), S // 2 + S)) == [], 'restarted, no step since'
    report.of(state(10, cases=7), 2 * S)  # in a step
    control.of(state(10, cases=7), 2 * S)
    long_after = 3600 * S
    assert silent(report.of(state(10, cases=8), long_after)) == [], 'its step ended, then nothing'
    assert silent(control.of(state(10, cases=8), long_after)) == ['wrench']
    found = report.of(state(10, cases=9), 2 * long_after)
    assert silent(found) == ['wrench'], 'a whole step ended without it'
    assert silent(report.of(state(11, cases=9), 2 * long_after + S)) == []


def test_a_loss_warns_by_name_for_a_while():
    report = HealthReport(cell())
    report.of(state(10), 0)
    (_, wrench) = report.of(state(20, lost=3), S)
    assert (wrench.level, wrench.message) == (Level.WARN, 'counted: lost')
    assert wrench.values == {'received': 20, 'lost': 3}
    later = S + RECENT_NS
    report.of(state(30, lost=3), later - 1)
    assert levels(report, state(40, lost=3), later + 1)[1] is Level.OK


def test_the_cell_says_when_it_is_held_or_knows_nothing():
    report = HealthReport(cell())
    assert report.of(state(1, held='case 3'), 0)[0].message == 'held: case 3'
    assert report.of(state(2, model=None), 0)[0].level is Level.WARN
