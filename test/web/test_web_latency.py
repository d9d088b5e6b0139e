"""Server share of tap -> acknowledgement, with a broadcast to others on the way."""

import statistics
import time

import pytest

from cobot_ai.web.server import Handler

TAPS = 30


def p50_ms(cell, tablet):
    times = []
    for n in range(TAPS):
        case = cell.ask(undo_s=0.0)
        start = time.perf_counter()
        reply = tablet.command('answer', case=case, label='seated', epoch=0, key=f'tap-{n:06d}')
        times.append((time.perf_counter() - start) * 1e3)
        assert reply['status'] == 'accepted'
    return statistics.median(times)


@pytest.mark.alone
def test_tap_to_ack_is_fast_at_the_server(cell, serve, connect):
    site = serve(rate_hz=1e6, burst=1000)
    tablets = [connect(site) for _ in range(3)]
    for tablet in tablets:
        tablet.wait(lambda t=tablet: t.snapshots)
    assert Handler.disable_nagle_algorithm
    median = p50_ms(cell, tablets[0])
    assert median < 15, f'p50 {median:.1f} ms'
