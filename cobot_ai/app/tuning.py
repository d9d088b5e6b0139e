"""Changes while a cell runs: checked, written down, then in force everywhere at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

from cobot_ai.app.ports import Draft, LedgerReader
from cobot_ai.core.errors import ConfigError
from cobot_ai.core.spec import CellSpec
from cobot_ai.core.tune import (
    agreed_number,
    number,
    with_agreed,
    with_numbers,
    with_word,
    words,
)
from cobot_ai.core.types import Json

RECALLED = 100_000


class Tuning:
    """The cell as it is now.

    Args:
        spec: The cell as its file says. apply: Told of every new state.
    """

    def __init__(self, spec: CellSpec, apply: Callable[[CellSpec], None]) -> None:
        self.spec, self._declared, self._apply = spec, spec, apply

    def recall(self, ledger: LedgerReader) -> None:
        """After a restart: changes of earlier runs hold while the cell file is the same."""
        self._set(now_spec(self.spec, ledger))

    def numbers(self, values: Mapping[str, float | None], by: str) -> list[Draft]:
        """Set some numbers, all of them or none; None is what the cell file says.

        Raises:
            ConfigError: One of them is refused; everything is as it was.
        """
        declared, before = self._declared, self.spec
        new = {n: number(declared, n) if v is None else float(v) for n, v in values.items()}
        self._set(with_numbers(before, new))
        bodies = ({'name': n, 'old': number(before, n), 'new': v, 'by': by} for n, v in new.items())
        return [self._draft(body) for body in bodies]

    def tune(self, by: str, command: Mapping[str, object]) -> list[Draft]:
        """Command `tune` {name, value}; the value null undoes what was tuned before."""
        value = command.get('value', '')
        if not (value is None or isinstance(value, int | float)):
            raise ConfigError('The command needs a number as `value`, or null: as the file says.')
        return self.numbers({str(command.get('name')): value}, by)

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

    def agreed(self, name: str, value: float, by: str, proposed_by: str) -> Draft:
        """A number of the risk that two people agreed on.

        Raises:
            ConfigError: It is refused; everything is as it was.
        """
        old = agreed_number(self.spec, name)
        self._set(with_agreed(self.spec, name, value))
        body = {'name': name, 'old': old, 'new': value, 'by': by, 'proposed_by': proposed_by}
        return self._draft(body)

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
    bodies = [e.body for e in ledger.last('config', RECALLED)[::-1]]
    mine = [b for b in bodies if b.get('digest') == spec.digest]
    for body in mine:
        if word := body.get('word'):
            spec = _changed(spec, partial(with_word, **word, text=str(body['new'])))
        elif 'proposed_by' in body:
            spec = _changed(spec, partial(with_agreed, name=body['name'], value=body['new']))
    numbers = {str(b['name']): b['new'] for b in mine if not {'word', 'proposed_by'} & {*b}}
    together = _changed(spec, partial(with_numbers, values=numbers))
    if together is not spec or not numbers:  # what was set together may only go together
        return together
    for name, value in numbers.items():
        spec = _changed(spec, partial(with_numbers, values={name: value}))
    return spec


def _changed(spec: CellSpec, change: Callable[[CellSpec], CellSpec]) -> CellSpec:
    """The cell with a change of an earlier run; one that does not fit any more is left out."""
    try:
        return change(spec)
    except (ConfigError, KeyError, TypeError, ValueError):
        return spec
