"""Schemas: the page's types are current, and real entries fit them."""

from datetime import timezone
from pathlib import Path

from cobot_ai.app import insight
from cobot_ai.app.what_if import what_if as other_risk
from cobot_ai.web import schema_ts
from cobot_ai.web.schemas_api import ModelDoc
from cobot_ai.web.schemas_entries import Entry, Snapshot
from cobot_ai.web.schemas_evidence import Evidence
from cobot_ai.web.schemas_figures import ConfusionDoc, KpiDoc, StatsDoc, WhatIfDoc
from cobot_ai.web.views import models, stats
from cobot_ai.web.wire import snapshot

WEB = Path(__file__).parents[2] / 'web'


def test_the_typescript_types_are_current():
    written = (WEB / 'src' / 'core' / 'schema.ts').read_text()
    assert written == schema_ts.generate(), (
        'run: python -m cobot_ai.web.schema_ts > web/src/core/schema.ts'
    )


def test_entries_of_a_whole_story_fit_their_schemas(cell):
    case = cell.ask(undo_s=60.0)
    who = {'case': case, 'by': 'Maria', 'tablet': 't1'}
    cell.submit({'kind': 'claim', 'key': 'k1', **who}, 1)
    answer = {'kind': 'answer', 'label': 'seated', 'epoch': 1, **who}
    cell.submit({**answer, 'key': 'k2'}, 1)
    cell.submit({'kind': 'undo', 'key': 'k3', 'epoch': 1, **who}, 1)
    late = cell.ask(deadline_s=0.0)
    cell.desk.tick()
    cell.submit({**answer, 'case': late, 'key': 'k4'}, 1)
    cell.go_live(cell.model())
    cell.submit({'kind': 'maintenance', 'on': True, 'key': 'k5', 'by': 'M', 'tablet': 't'}, 1)
    kinds = set()
    for entry in cell.ledger.entries:
        name = schema_ts.BODY_OF_KIND.get(entry.kind)
        if name:
            module = next(m for m in schema_ts.MODULES if hasattr(m, name))
            getattr(module, name).model_validate(entry.body)
            kinds.add(entry.kind)
    assert kinds >= {
        'start', 'decision', 'ask', 'claim', 'answer', 'undo', 'resolution', 'label',
        'candidate', 'promote', 'maintenance',
    }  # fmt: skip
    Snapshot.model_validate(snapshot(cell.ledger, cell.ledger.head(), 0, cell.spec))
    Evidence.model_validate(cell.ledger.evidence(case))
    ModelDoc.model_validate(models(cell.services()))
    StatsDoc.model_validate(stats(cell.ledger))
    rows = insight.Record(cell.ledger).rows()
    KpiDoc.model_validate(
        {
            'figures': insight.kpis(rows, cell.spec, timezone.utc),
            'cases': len(rows),
            'since_ns': rows[0].t_ns,
        }
    )
    ConfusionDoc.model_validate(insight.confusion(rows))
    what_if = other_risk(rows, cell.spec, timezone.utc)
    WhatIfDoc.model_validate({**what_if, 'proposal': None})
    Entry.model_validate(snapshot(cell.ledger, cell.ledger.head(), 0, cell.spec)['entries'][0])
