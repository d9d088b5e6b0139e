"""Changes while a cell runs: checked, written down, then in force everywhere at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from cobot_ai.app.ports import Draft, LedgerReader
from cobot_ai.core.errors import ConfigError
from cobot_ai.core.spec import CellSpec
from cobot_ai.core.tune import number, with_number, with_word, words
from cobot_ai.core.types import Json

RECALLED = 100_000


class Tuning:
    """The cell as it is now.

    Args:
        spec: The cell as its file says. apply: Told of every new state.
    """

    def __init__(self, spec: CellSpec, apply: Callable[[CellSpec], None]) -> None:
        self.spec, self._apply = spec, apply

    def recall(self, ledger: LedgerReader) -> None:
        """After a restart: changes of earlier runs hold while the cell file is the same."""
        self._set(now_spec(self.spec, ledger))

    def numbers(self, values: Mapping[str, float], by: str) -> list[Draft]:
        """Set some numbers, all of them or none.

        Raises:
            ConfigError: One of them is refused; everything is as it was.
        """
        spec, drafts = self.spec, []
        for name, value in values.items():
            body = {'name': name, 'old': number(spec, name), 'new': float(value), 'by': by}
            spec = with_number(spec, name, value)
            drafts.append(self._draft(body))
        self._set(spec)
        return drafts

    def tune(self, by: str, command: Mapping[str, object]) -> list[Draft]:
        """Command `tune` {name, value}."""
        value = command.get('value')
        if not isinstance(value, int | float):
            raise ConfigError('The command needs a number as `value`.')
        return self.numbers({str(command.get('name')): float(value)}, by)

    def word(self, by: str, command: Mapping[str, object]) -> list[Draft]:
        """Command `word` {of, name, lang, text}."""
        of, name, lang = (str(command.get(k, '')) for k in ('of', 'name', 'lang'))
        text = str(command.get('text', '')).strip()
        old = {(o, n): texts for o, n, texts in words(self.spec)}.get((of, name), {})
        spec = with_word(self.spec, of, name, lang, text)
        path: Sequence[str] = [of, *([name] if name else []), lang]
        body: Json = {'name': '.'.join(path), 'old': old.get(lang, ''), 'new': text, 'by': by}
        self._set(spec)
        return [self._draft({**body, 'word': {'of': of, 'name': name, 'lang': lang}})]

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """What could not be written down is not in force."""
        before = self.spec
        try:
            yield
        except Exception:
            if self.spec is not before:
                self._set(before)
            raise

    def _draft(self, body: Json) -> Draft:
        return Draft('config', {**body, 'digest': self.spec.digest})

    def _set(self, spec: CellSpec) -> None:
        self.spec = spec
        self._apply(spec)


def now_spec(spec: CellSpec, ledger: LedgerReader) -> CellSpec:
    """A cell as its file says, with every change of the record since."""
    for entry in ledger.last('config', RECALLED)[::-1]:
        if entry.body.get('digest') == spec.digest:
            spec = _changed(spec, entry.body)
    return spec


def _changed(spec: CellSpec, body: Json) -> CellSpec:
    """The cell with a change of an earlier run; one that does not fit any more is left out."""
    try:
        if word := body.get('word'):
            return with_word(spec, word['of'], word['name'], word['lang'], str(body['new']))
        return with_number(spec, str(body['name']), float(body['new']))
    except (ConfigError, KeyError, TypeError, ValueError):
        return spec
