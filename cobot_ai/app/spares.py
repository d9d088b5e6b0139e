"""While a channel is lost: the live version without it, as soon as there is one.

The live version judges at once with its masked kernel. A version derived from it, solved again
without the lost channels, takes over when the trainer has offered one that passed the gate; it has
its own certificates. When the channels return, so does the live version. Nothing here waits for
the trainer, and no decision waits for a file: versions are loaded when they are offered, at the
start, and when another one goes live.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cobot_ai.app.candidates import LATEST
from cobot_ai.app.model_ports import Registry, Scorer, ScorerLoader
from cobot_ai.app.ports import Draft, LedgerReader
from cobot_ai.core.errors import ModelError
from cobot_ai.core.types import Json, Window

Lost = tuple[str, ...]
RECALLED = 1000
"""Changes of who judges that are looked at after a restart."""
AT_HAND = 4
"""Most versions without channels that are kept loaded, the newest."""
FULL, MASKED, WITHOUT = 'full', 'masked', 'without'
"""Who judges: the live version, its masked kernel, or the version without the lost channels."""


class Spares:
    """Versions without lost channels, and which of them judges.

    Args:
        registry: Stored versions. loader: Makes a scorer of one.
    """

    def __init__(self, registry: Registry, loader: ScorerLoader) -> None:
        self._registry, self._loader = registry, loader
        self._known: dict[tuple[str, Lost], str] = {}
        self._loaded: dict[str, Scorer] = {}
        self._now: dict[str, tuple[Lost, str]] = {}

    def recall(self, ledger: LedgerReader) -> None:
        """Learn from the record which derived versions there are, and who judged last."""
        for entry in reversed(ledger.last('candidate', LATEST)):
            self.learn(entry.body)
        for entry in reversed(ledger.last('sensors', RECALLED)):
            self._heard(entry.body)

    def learn(self, candidate: Mapping[str, object]) -> None:
        """A derived version was offered (its `candidate` entry)."""
        dropped, parent = candidate.get('dropped'), candidate.get('parent')
        if isinstance(dropped, list) and dropped and parent and candidate['passed']:
            key = str(parent), tuple(sorted(dropped))
            self._known.pop(key, None)
            self._known[key] = str(candidate['model'])

    def load(self, live: str | None) -> list[Draft]:
        """Have the newest versions derived from the live one at hand, and no others.

        Returns:
            What is to be recorded of those that cannot be used; they are not tried again.
        """
        mine = {d: key for key, d in self._known.items() if key[0] == live}
        kept, faults = self._loaded, list[Draft]()
        self._loaded = {}
        for digest in list(mine)[-AT_HAND:]:
            try:
                self._loaded[digest] = kept.get(digest) or self._load(digest)
            except ModelError as e:
                del self._known[mine[digest]]
                detail = f'Model {digest[:12]} cannot be used: {e}'
                faults.append(Draft('fault', {'code': 'model', 'detail': detail}))
        return faults

    def _load(self, digest: str) -> Scorer:
        return self._loader(*self._registry.get(digest))

    @property
    def digests(self) -> set[str]:
        """Every derived version that may be needed."""
        return set(self._known.values())

    def choose(
        self, live: Scorer | None, digest: str | None, context: str, window: Window
    ) -> tuple[Scorer | None, list[Draft]]:
        """Who judges a window, and what is to be recorded when that changed in its context.

        It counts as recorded when `written` is told so.

        Args:
            live: The live version. digest: Its digest. context: Context of the case.
            window: Its window.
        """
        lost = lost_of(window)
        if live is None or digest is None or not lost:
            return live, self._note(context, (), FULL, digest)
        spare = self._known.get((digest, lost), '')
        if spare not in self._loaded:
            return live, self._note(context, lost, MASKED, digest)
        return self._loaded[spare], self._note(context, lost, WITHOUT, spare)

    def written(self, notes: Iterable[Draft]) -> None:
        """What `choose` wanted recorded is in the record."""
        for body in (note.body for note in notes if note.kind == 'sensors'):
            self._heard(body)

    def _heard(self, body: Json) -> None:
        self._now[body['context']] = (tuple(body['lost']), body['serving'])

    def _note(self, context: str, lost: Lost, serving: str, model: str | None) -> list[Draft]:
        if self._now.get(context, ((), FULL)) == (lost, serving):
            return []
        body: Json = {'context': context, 'lost': list(lost), 'serving': serving, 'model': model}
        return [Draft('sensors', body)]


def lost_of(window: Window) -> Lost:
    """Channels of which a window measured nothing, where it measured others."""
    lost = [c for c, mask in zip(window.channels, window.mask, strict=True) if not mask.any()]
    return tuple(sorted(lost)) if len(lost) < len(window.channels) else ()
