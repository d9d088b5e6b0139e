"""Connections that say nothing, dawdle, or come in numbers: none stays, none keeps others out."""

import socket
import threading
import time
from contextlib import ExitStack

import pytest
import simple_websocket
from conftest import listening
from flask import Flask, request

from cobot_ai.web import events, server


@pytest.fixture
def port(monkeypatch):
    monkeypatch.setattr(server, 'ASK_TIMEOUT_S', 0.3)
    monkeypatch.setattr(server, 'REQUEST_TIMEOUT_S', 0.6)
    monkeypatch.setattr(server, 'PER_ADDRESS', 4)
    app = Flask('x')

    @app.post('/')
    def read():
        return f'{len(request.get_data())}'

    with listening(server.web_server(app, '127.0.0.1', 0)) as port:
        yield port


def is_cut(connection):
    connection.settimeout(30)
    try:
        while connection.recv(100):
            pass
    except ConnectionError:
        pass


@pytest.mark.parametrize(
    'said',
    [
        b'',
        b'GET / HTTP/1.1\r\n',
        b'POST / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nContent-Length: 9\r\n\r\nabc',
        b'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc',
    ],
)
def test_who_does_not_finish_a_request_is_cut(port, said):
    begun = time.monotonic()
    with socket.create_connection(('127.0.0.1', port)) as connection:
        connection.sendall(said)
        is_cut(connection)
    assert time.monotonic() - begun >= 0.3, 'not before its time'


def test_a_trickle_is_no_way_to_stay(port):
    with socket.create_connection(('127.0.0.1', port)) as connection:
        stop = threading.Event()

        def trickle():
            while not stop.wait(0.05):
                try:
                    connection.sendall(b'x')
                except OSError:
                    return

        thread = threading.Thread(target=trickle)
        thread.start()
        is_cut(connection)
        stop.set()
        thread.join()


def test_one_address_gets_so_many_connections_and_then_again(port):
    def asks():
        with socket.create_connection(('127.0.0.1', port)) as connection:
            connection.sendall(b'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab')
            connection.settimeout(5)
            try:
                return connection.recv(15)
            except ConnectionError:
                return b''

    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(socket.create_connection(('127.0.0.1', port)))
        assert asks() == b'', 'full'
    until = time.monotonic() + 20
    while not (told := asks()):
        assert time.monotonic() < until
    assert told == b'HTTP/1.1 200 OK'


@pytest.mark.parametrize('greet', [False, True], ids=['silent', 'refused'])
def test_a_socket_without_a_login_is_dropped(serve, monkeypatch, greet):
    monkeypatch.setattr(events, 'CONNECT_TIMEOUT_S', 0.2)
    site = serve(login_required=True, pulse_s=0.05)
    url = f'ws://127.0.0.1:{site.port}/socket.io/?EIO=4&transport=websocket'
    client = simple_websocket.Client(url)
    if greet:
        client.send('40')
    with pytest.raises(simple_websocket.ConnectionClosed):
        for _ in range(9):
            assert client.receive(timeout=20) is not None, 'nobody dropped it'
    until = time.monotonic() + 20
    while site.console.socketio.server.eio.sockets:
        assert time.monotonic() < until, 'it is still known'
