"""Fixtures: a fake cell, a console served on loopback, and pages in a real Chromium."""

from __future__ import annotations

import itertools
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import socketio
from web_data import QUESTION
from web_fakes import FakeCell

from cobot_ai.web.app import Console, create_app
from cobot_ai.web.server import web_server
from cobot_ai.web.services import WebSettings

CHROMIUM = Path('/usr/bin/chromium')
CHROMIUM_FLAGS = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
]


class Site:
    """A console on a loopback port that can be killed and started again on the same port."""

    def __init__(self, cell: FakeCell, settings: WebSettings) -> None:
        self.cell, self.settings = cell, settings
        self.port = 0
        self.up()

    def up(self) -> None:
        self.console: Console = create_app(self.cell.services(), self.settings)
        self._server = web_server(self.console.app, '127.0.0.1', self.port)
        self.port = self._server.port
        self._sockets: list[socket.socket] = []
        accept = self._server.get_request

        def get_request() -> Any:
            connection, address = accept()
            self._sockets.append(connection)
            return connection, address

        self._server.get_request = get_request
        self.cell.news = self.console.feed.notify
        self.console.feed.start()
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()

    def down(self) -> None:
        """As a kill would do it: every connection is cut."""
        self.console.feed.stop()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        for connection in self._sockets:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    @property
    def url(self) -> str:
        return f'http://127.0.0.1:{self.port}'


class Tablet:
    """A tablet's connection, without a page; waits for conditions instead of sleeping."""

    def __init__(self, site: Site, ack: bool = True, **options: Any) -> None:
        self.snapshots: list[Any] = []
        self.entries: list[Any] = []
        self.batches: list[Any] = []
        self.pulses: list[Any] = []
        self.closed = threading.Event()
        self._news = threading.Condition()
        self._ack = ack
        self.client = socketio.Client(reconnection=False)
        self.client.on('snapshot', self._on_snapshot)
        self.client.on('entries', self._on_entries)
        self.client.on('pulse', self._on_pulse)
        self.client.on('disconnect', lambda *_: self.closed.set())
        self.refusal: Any = None
        self.client.on('connect_error', lambda why: setattr(self, 'refusal', why))
        try:
            self.client.connect(site.url, transports=['websocket'], wait_timeout=20, **options)
        except socketio.exceptions.ConnectionError as e:
            raise ConnectionRefusedError(str(self.refusal)) from e

    def _note(self, change: Callable[[], None]) -> None:
        with self._news:
            change()
            self._news.notify_all()
        if not self._ack:
            self.closed.wait(20)

    def _on_snapshot(self, doc: Any) -> None:
        self._note(lambda: self.snapshots.append(doc))

    def _on_entries(self, docs: Any) -> None:
        def change() -> None:
            self.batches.append(docs)
            self.entries.extend(docs)

        self._note(change)

    def _on_pulse(self, doc: Any) -> None:
        self._note(lambda: self.pulses.append(doc))

    def wait(self, what: Callable[[], object], timeout_s: float = 20.0) -> None:
        with self._news:
            assert self._news.wait_for(what, timeout_s), 'it did not happen'

    def command(self, kind: str, **fields: Any) -> Any:
        fields = {'key': f'{kind}-{next(KEYS):08d}', 'by': 'Maria', 'tablet': 't1', **fields}
        return self.client.call('command', {'kind': kind, **fields}, timeout=20)

    def close(self) -> None:
        self.client.disconnect()


KEYS = itertools.count()


@pytest.fixture
def connect(site: Site) -> Iterator[Callable[..., Tablet]]:
    """Connects tablets to the default site (or to the one given)."""
    tablets: list[Tablet] = []

    def join(to: Site | None = None, **options: Any) -> Tablet:
        tablets.append(Tablet(to or site, **options))
        return tablets[-1]

    yield join
    for tablet in tablets:
        tablet.close()


@pytest.fixture
def cell(request: Any) -> Iterator[FakeCell]:
    """The cell; with an indirect parameter that question instead of the usual one."""
    cell = FakeCell(question=getattr(request, 'param', QUESTION))
    yield cell
    cell.stop()


ASSETS = Path(os.environ['COBOT_AI_WEB_OUT']) if 'COBOT_AI_WEB_OUT' in os.environ else None
"""Another build of the page to test, where the build was told to put it."""


@contextmanager
def serving(cell: FakeCell, folder: Path, **settings: Any) -> Iterator[Site]:
    site = Site(cell, WebSettings(folder, **{'assets': ASSETS, **settings}))
    try:
        yield site
    finally:
        site.down()


@pytest.fixture
def serve(cell: FakeCell, tmp_path: Path) -> Iterator[Callable[..., Site]]:
    with ExitStack() as stack:
        yield lambda **kw: stack.enter_context(serving(cell, tmp_path, **kw))


@contextmanager
def listening(server: Any) -> Iterator[int]:
    """A server on loopback in a thread of its own; its port."""
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server.port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def site(serve: Callable[..., Site]) -> Site:
    return serve()


@pytest.fixture(scope='session')
def browser() -> Iterator[Any]:
    if not CHROMIUM.exists():
        pytest.skip(f'NO BROWSER TESTS: {CHROMIUM} is missing (apt-get install chromium)')
    if not (WebSettings(Path(), assets=ASSETS).asset_dir / 'index.html').exists():
        pytest.skip('NO BROWSER TESTS: the page is not built (python web/build.py)')
    sync_api = pytest.importorskip('playwright.sync_api')
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), headless=True, args=CHROMIUM_FLAGS
        )
        yield browser
        browser.close()


LANDSCAPE = {'width': 1280, 'height': 800}
LOW = {'width': 1024, 'height': 600}
PORTRAIT = {'width': 800, 'height': 1280}


@pytest.fixture
def tablet(browser: Any, site: Site) -> Iterator[Callable[..., Any]]:
    """Opens a page as a tablet of its own; fails the test when the page reports an error."""
    errors: list[str] = []
    contexts = []

    def open_page(name: str = 'Maria', lang: str = 'en', size: Any = None, path: str = '/') -> Any:
        context = browser.new_context(
            viewport=size or LANDSCAPE, has_touch=True, locale=lang, service_workers='block'
        )
        contexts.append(context)
        prefs = f'{{"tablet":"tablet-{name}","name":"{name}","lang":"{lang}"}}'
        context.add_init_script(
            f"localStorage.getItem('cobot_ai.prefs') ||"
            f" localStorage.setItem('cobot_ai.prefs', '{prefs}')"
        )
        page = context.new_page()
        page.on('pageerror', lambda e: errors.append(str(e)))
        page.set_default_timeout(20_000)
        page.goto(site.url + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []
