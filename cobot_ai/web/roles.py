"""Which role a route and a command need. What is not named here needs an admin."""

from __future__ import annotations

from cobot_ai.store.account_file import Role

ROUTES: dict[str, Role] = {
    'auth.logout': Role.OPERATOR,
    'pages.index': Role.WALL,
    'pages.wall': Role.WALL,
    'pages.lite_page': Role.OPERATOR,
    'pages.lite_answer': Role.OPERATOR,
    'api.me': Role.WALL,
    'api.snapshot': Role.OPERATOR,
    'api.evidence': Role.OPERATOR,
    'api.still': Role.OPERATOR,
    'api.sop': Role.OPERATOR,
    'api.stats': Role.OPERATOR,
    'api.openapi': Role.OPERATOR,
    'api.command': Role.OPERATOR,  # and what COMMANDS says
    'api.kpi': Role.WALL,
    'api.history': Role.AMBASSADOR,
    'api.confusion': Role.ENGINEER,
    'api.what_if': Role.ENGINEER,
    'api.vocabulary': Role.ENGINEER,
    'api.models': Role.ENGINEER,
    'api.data': Role.ENGINEER,
    'api.review': Role.ENGINEER,
    'api.review_evidence': Role.ENGINEER,
    # These tell what the model thinks; who answers questions must not know before the tap.
    'api.cases': Role.ENGINEER,
    'api.case_doc': Role.ENGINEER,
}
"""Flask endpoint -> least role."""

COMMANDS: dict[str, Role] = {
    'claim': Role.OPERATOR,
    'release': Role.OPERATOR,
    'answer': Role.OPERATOR,
    'undo': Role.OPERATOR,
    'correct': Role.OPERATOR,
    'review': Role.OPERATOR,
    'reason': Role.OPERATOR,
    'report': Role.OPERATOR,
    'hold': Role.OPERATOR,
    'resume': Role.OPERATOR,
    'maintenance': Role.AMBASSADOR,
    'retrain': Role.AMBASSADOR,
    'unreview': Role.OPERATOR,  # one's own look only
    'forget': Role.ENGINEER,
    'end_alarm': Role.ENGINEER,
    'promote': Role.ENGINEER,
    'rollback': Role.ENGINEER,
    'schedule': Role.ENGINEER,
    'unschedule': Role.ENGINEER,
    'tune': Role.ENGINEER,
    'word': Role.ENGINEER,
    'propose': Role.ENGINEER,
    'approve': Role.ENGINEER,
    'decline': Role.ENGINEER,
}
"""Kind of command -> least role."""


def may_open(role: Role, endpoint: str | None) -> bool:
    """Whether a role may use a route."""
    return role >= ROUTES.get(endpoint or '', Role.ADMIN)


def may_send(role: Role, kind: str) -> bool:
    """Whether a role may give a command."""
    return role >= COMMANDS.get(kind, Role.ADMIN)
