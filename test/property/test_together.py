"""What is done for many messages at once comes to the same as one after the other."""

from itertools import chain, pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cobot_ai.core.evidence import _percentiles
from cobot_ai.core.losses import Losses
from cobot_ai.store.bag_pages import in_batches

numbers = st.lists(st.tuples(st.sampled_from([b'p', b'q']), st.integers(1, 12)), max_size=30)


@given(st.lists(numbers, max_size=5))
def test_losses_of_messages_taken_together(batches):
    one, many = Losses(), Losses()
    for batch in filter(None, batches):
        publishers, found = zip(*batch, strict=True)
        expected = sum(one.seen(p, n) for p, n in batch)
        assert many.seen_together(publishers, found) == expected


@given(st.integers(0, 3), st.integers(1, 40), st.integers(0, 5))
def test_losses_in_a_row_of_one_publisher(skipped, length, before):
    losses = Losses()
    losses.seen_together([b'p'], [before + 1])
    first = before + 2 + skipped
    row = list(range(first, first + length))
    assert losses.seen_together([b'p'] * length, row) == skipped
    assert losses.seen(b'p', row[-1] + 1) == 0


@given(
    st.lists(st.tuples(st.sampled_from('ab'), st.integers(0, 5)), max_size=60),
    st.integers(1, 20),
    st.integers(1, 7),
)
def test_pages_cut_into_batches_lose_nothing_and_keep_the_order(steps, length, page):
    t_ns, rows = 0, []
    for topic, later in steps:
        t_ns += later
        rows.append((topic, 'kind', t_ns, b'%d' % len(rows)))
    pages = [rows[i : i + page] for i in range(0, len(rows), page)]
    found = list(in_batches(pages, length))
    for topic in 'ab':
        mine = [b for batches in found for b in batches if b.topic == topic]
        assert list(chain.from_iterable(b.data for b in mine)) == [
            r[3] for r in rows if r[0] == topic
        ]
    spans = [[t for b in batches for t in b.t_ns] for batches in found]
    assert all(max(s) - min(s) < length for s in spans)
    assert all(max(a) <= min(b) for a, b in pairwise(spans))


values = st.floats(-1e6, 1e6) | st.just(float('nan'))


@given(arrays(np.float64, (7, 2, 3), elements=values))
def test_percentiles_leave_out_what_was_not_measured(stack):
    stack[0] = 1.0  # something is there in every place
    found = _percentiles(stack, (0.1, 0.5, 0.9))
    assert np.allclose(found, np.nanpercentile(stack, [10, 50, 90], axis=0), atol=1e-6)
