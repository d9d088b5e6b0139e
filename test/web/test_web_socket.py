"""The live feed: order, replay, snapshot, slow tablets, limits."""

import pytest
import websocket

OLD = 600
"""More entries than the feed keeps at hand."""


def test_a_new_tablet_gets_a_snapshot_and_then_every_entry_in_order(cell, site, connect):
    cell.ask()
    tablet = connect()
    tablet.wait(lambda: tablet.snapshots)
    snapshot = tablet.snapshots[0]
    assert snapshot['ledger'] == 'ledger-of-test'
    assert snapshot['seq'] == cell.ledger.head()
    for _ in range(30):
        cell.act()
    tablet.wait(lambda: tablet.entries and tablet.entries[-1]['seq'] == cell.ledger.head())
    seqs = [e['seq'] for e in tablet.entries]
    assert seqs == list(range(snapshot['seq'] + 1, cell.ledger.head() + 1))


def test_a_tablet_that_comes_back_gets_exactly_what_it_missed(cell, site, connect):
    for _ in range(10):
        cell.act()
    tablet = connect(auth={'ledger': 'ledger-of-test', 'seq': 4})
    tablet.wait(lambda: tablet.entries)
    assert [e['seq'] for e in tablet.entries] == list(range(5, cell.ledger.head() + 1))
    assert tablet.snapshots == []


@pytest.mark.parametrize(
    'have',
    [
        {'ledger': 'another', 'seq': 4},
        {'ledger': 'ledger-of-test', 'seq': 99999},
        {'ledger': 'ledger-of-test', 'seq': 'x'},
        {'ledger': 'ledger-of-test'},
        {'seq': -1},
    ],
)
def test_a_tablet_whose_position_is_unknown_gets_a_snapshot(cell, site, connect, have):
    for _ in range(10):
        cell.act()
    tablet = connect(auth=have)
    tablet.wait(lambda: tablet.snapshots)
    assert tablet.entries == []


def test_a_tablet_too_far_behind_gets_a_snapshot_instead_of_everything(cell, site, connect):
    for _ in range(OLD):
        cell.act()
    tablet = connect(auth={'ledger': 'ledger-of-test', 'seq': 4})
    tablet.wait(lambda: tablet.snapshots)
    assert tablet.snapshots[0]['seq'] == cell.ledger.head()
    assert len(tablet.snapshots[0]['entries']) < 100


def test_a_restarted_console_serves_the_tail_from_the_ledger(cell, site, connect):
    for _ in range(OLD):
        cell.act()
    site.down()
    site.up()
    tablet = connect(auth={'ledger': 'ledger-of-test', 'seq': OLD - 20})
    tablet.wait(lambda: tablet.entries)
    assert [e['seq'] for e in tablet.entries] == list(range(OLD - 19, cell.ledger.head() + 1))


def test_an_ask_says_how_much_time_is_left_when_it_is_delivered(cell, site, connect):
    cell.ask(deadline_s=30.0)
    tablet = connect()
    tablet.wait(lambda: tablet.snapshots)
    (ask,) = [e for e in tablet.snapshots[0]['entries'] if e['kind'] == 'ask']
    assert 25_000 < ask['left_ms'] <= 30_000


def test_the_heartbeat_reaches_the_tablet_with_its_age(cell, site, connect):
    tablet = connect()
    tablet.wait(lambda: len(tablet.pulses) > 2)
    assert tablet.pulses[-1]['state']['mode'] == 'running'
    assert tablet.pulses[-1]['age_ms'] < 1000
    cell.frozen = True
    tablet.wait(lambda: tablet.pulses[-1]['age_ms'] > 1000)


def test_a_tablet_that_takes_nothing_is_dropped_alone(cell, serve, connect):
    site = serve(ack_timeout_s=1.0)
    good, stuck = connect(site), connect(site, ack=False)
    good.wait(lambda: good.snapshots)
    stuck.wait(lambda: stuck.snapshots)
    for _ in range(200):
        cell.act()
    assert stuck.closed.wait(8)
    good.wait(lambda: good.entries and good.entries[-1]['seq'] == cell.ledger.head())
    assert not good.closed.is_set()
    assert len(stuck.snapshots) + len(stuck.batches) == 1, 'nothing piles up for a stuck tablet'


def test_commands_have_a_budget_per_connection(cell, serve, connect):
    site = serve(rate_hz=0.001, burst=5)
    first, second = connect(site), connect(site)
    case = cell.ask()
    replies = [first.command('claim', case=case)['status'] for _ in range(8)]
    assert replies == ['claimed'] * 5 + ['busy'] * 3
    assert second.command('release', case=case, tablet='t2')['status'] == 'refused'


@pytest.mark.parametrize(
    'raw',
    [
        None,
        7,
        {},
        {'kind': 'answer'},
        {'kind': 'dance', 'key': 'k' * 8},
        {'kind': 'claim', 'case': '1', 'key': 'k' * 8},
        {'kind': 'claim', 'case': 1, 'key': 'k' * 8, 'extra': 1},
        {'kind': 'claim', 'case': 1, 'key': "'; drop table"},
        {'kind': 'promote', 'model': '../../etc/passwd', 'key': 'k' * 8},
        {'kind': 'answer', 'case': 1, 'label': 'x' * 81, 'epoch': 0, 'key': 'k' * 8},
    ],
)
def test_what_is_not_a_command_never_reaches_the_monitor(cell, site, connect, raw):
    reply = connect().client.call('command', raw, timeout=20)
    assert (reply['ok'], reply['status']) == (False, 'invalid')
    assert cell.commands == []


def test_without_a_reply_of_the_monitor_the_tablet_is_told_to_try_again(cell, site, connect):
    tablet = connect()
    case = cell.ask()
    cell.silent = True
    answer = {'case': case, 'label': 'seated', 'epoch': 0, 'key': 'the-same-key'}
    assert tablet.command('answer', **answer)['status'] == 'pending'
    cell.silent = False
    assert tablet.command('answer', **answer)['status'] == 'accepted'
    assert tablet.command('answer', **answer)['status'] == 'accepted'
    assert len(cell.of_kind(case, 'answer')) == 1


def test_a_page_of_another_host_is_refused(site):
    url = site.url.replace('http', 'ws') + '/socket.io/?EIO=4&transport=websocket'
    with pytest.raises(websocket.WebSocketBadStatusException, match='400'):
        websocket.create_connection(url, origin='http://evil.example', timeout=5)
    ws = websocket.create_connection(url, origin=site.url, timeout=5)
    ws.close()


def test_a_rebound_host_name_is_refused(site):
    name = f'evil.example:{site.port}'
    ws = websocket.create_connection(
        site.url.replace('http', 'ws') + '/socket.io/?EIO=4&transport=websocket',
        host=name,
        origin=f'http://{name}',
        timeout=5,
    )
    ws.recv()
    ws.send('40')
    assert ws.recv() == '44{"message":"origin"}'
    ws.close()


def test_more_connections_than_allowed_are_refused_politely(cell, serve, connect):
    site = serve(max_clients=2)
    connect(site)
    one = connect(site)
    with pytest.raises(ConnectionRefusedError, match='full'):
        connect(site)
    one.close()
    connect(site)
