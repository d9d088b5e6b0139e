"""Model versions to store; what is in them does not matter."""

import hashlib

from cobot_ai.core.gates import Check, GateReport
from cobot_ai.core.manifest import Manifest
from cobot_ai.core.risk import Certificate


def version(n):
    """A blob and its manifest; `n` also orders them in time."""
    blob = f'model {n}'.encode() * 100
    manifest = Manifest(
        blob=hashlib.sha256(blob).hexdigest(),
        parent='',
        classes=('ok', 'jam'),
        channels=('wrench.fx',),
        samples=15,
        certificates=(Certificate('operation=x', 'certified', 0.1, 0.1, None, 3),),
        labels={'ok': 3},
        contexts={'operation=x': 3},
        data='d',
        cell='c',
        code='0.1.0',
        seed=0,
        created_ns=n,
        head='linear',
        facts={'accuracy': 0.5},
        gates=GateReport((Check('enough_labels', True, 'three of three', {'n': 3}, (1, 2)),)),
    )
    return blob, manifest
