"""The page over TLS: trusted by who trusts the cell's authority, and not held up by anybody."""

import http.client
import json
import socket
import ssl
from datetime import datetime, timezone

import pytest
from conftest import listening

from cobot_ai.store.certs import Certs
from cobot_ai.web.app import create_app
from cobot_ai.web.server import tls_context, web_server
from cobot_ai.web.services import WebSettings


@pytest.fixture
def certs(tmp_path):
    certs = Certs(tmp_path / 'tls')
    certs.issue(['127.0.0.1'], 'cell_7', datetime.now(timezone.utc))
    return certs


@pytest.fixture
def port(cell, tmp_path, certs):
    app = create_app(cell.services(), WebSettings(tmp_path, login_required=True, tls=True)).app
    with listening(
        web_server(app, '127.0.0.1', 0, tls_context(certs.host, certs.host_key))
    ) as port:
        yield port


def health(port, trust):
    connection = http.client.HTTPSConnection('127.0.0.1', port, timeout=3, context=trust)
    try:
        connection.request('GET', '/healthz')
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def test_the_page_is_served_to_who_trusts_the_authority(port, certs):
    assert health(port, ssl.create_default_context(cafile=certs.ca))['ok']
    with pytest.raises(ssl.SSLCertVerificationError):
        health(port, ssl.create_default_context())


def test_a_client_that_says_nothing_holds_up_nobody(port, certs):
    trust = ssl.create_default_context(cafile=certs.ca)
    silent = [socket.create_connection(('127.0.0.1', port)) for _ in range(10)]
    try:
        assert health(port, trust)['ok']
    finally:
        for client in silent:
            client.close()


def test_plain_http_is_refused_without_noise(port, capfd):
    with socket.create_connection(('127.0.0.1', port), timeout=3) as client:
        client.sendall(b'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
        assert b'200' not in client.recv(1000)
    assert 'Traceback' not in capfd.readouterr().err
