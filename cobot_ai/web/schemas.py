"""The page protocol as pydantic models; the TypeScript types are generated from them.

Commands are validated against these. Entries are written by the monitor alone and passed on as
they are; their models document them and give the page its types.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

Name = Annotated[str, Field(max_length=80)]
CaseId = Annotated[int, Field(ge=1, lt=2**53)]
Digest = Annotated[str, Field(pattern=r'^[0-9a-f]{64}$')]


class Strict(BaseModel):
    """Input from outside: unknown fields are refused."""

    model_config = ConfigDict(extra='forbid', strict=True)


class _Command(Strict):
    key: Annotated[str, Field(pattern=r'^[A-Za-z0-9_.:-]{8,80}$')]
    by: Name = ''
    tablet: Name = ''


class Claim(_Command):
    """Somebody looks at a question; repeated it renews the lease."""

    kind: Literal['claim']
    case: CaseId


class Release(_Command):
    """Somebody looks away."""

    kind: Literal['release']
    case: CaseId


class Answer(_Command):
    """One tap. `label` is a class name, or `not_sure`."""

    kind: Literal['answer']
    case: CaseId
    label: Annotated[str, Field(min_length=1, max_length=80)]
    epoch: int
    react_ms: Annotated[float, Field(allow_inf_nan=False)] | None = None


class Undo(_Command):
    """Takes an accepted answer back inside the undo window."""

    kind: Literal['undo']
    case: CaseId
    epoch: int


class Correct(_Command):
    """A late correction of one's own answer: a revision of the label, never motion."""

    kind: Literal['correct']
    case: CaseId
    label: Annotated[str, Field(min_length=1, max_length=80)]


class Review(_Command):
    """A look at a case without any hurry: a label at most. `label` may be `not_sure`."""

    kind: Literal['review']
    case: CaseId
    label: Annotated[str, Field(min_length=1, max_length=80)]


class Unreview(_Command):
    """Takes back one's own newest look at a case: the label before counts, and it waits again."""

    kind: Literal['unreview']
    case: CaseId


class EndAlarm(_Command):
    """End the drift alarm of a context: somebody looked into it."""

    kind: Literal['end_alarm']
    context: Annotated[str, Field(max_length=500)]


class Reason(_Command):
    """The cause of a bad step, from the plant's list; changes no label and moves nothing."""

    kind: Literal['reason']
    case: CaseId
    reason: Annotated[str, Field(min_length=1, max_length=80)]


class Report(_Command):
    """A worker saw something without being asked. `case` 0: nothing about a certain step.

    `wrong` with a label is a new revision of it, `wrong` without one withdraws the label until
    somebody decides. Never motion.
    """

    kind: Literal['report']
    case: Annotated[int, Field(ge=0, lt=2**53)]
    what: Literal['wrong', 'odd']
    label: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    reason: Name = ''


class Promote(_Command):
    """Make a stored model version live."""

    kind: Literal['promote']
    model: Digest


class Rollback(_Command):
    """Make the version before live again; `model`: the live one, which shall go."""

    kind: Literal['rollback']
    model: Digest | None = None


class Maintenance(_Command):
    """A break begins or ends."""

    kind: Literal['maintenance']
    on: bool


class Schedule(_Command):
    """Plan a swap: at the next `break`, or at a time (`14:00`, `2026-11-22T14:00`).

    Without `model` it is the newest version that passed when the time comes.
    """

    kind: Literal['schedule']
    at: Annotated[str, Field(min_length=1, max_length=40)]
    model: Digest | None = None


class Unschedule(_Command):
    """Drop the planned swap."""

    kind: Literal['unschedule']


class Tune(_Command):
    """Set a number that may change while the cell runs, e.g. `question.deadline_s`."""

    kind: Literal['tune']
    name: Annotated[str, Field(min_length=1, max_length=80)]
    value: float | None


class Word(_Command):
    """Set what people read for the question, a class, a reason or a channel, in one language.

    `name` is empty for the question. An empty `text` removes it.
    """

    kind: Literal['word']
    of: Literal['question', 'class', 'reason', 'channel']
    name: Annotated[str, Field(max_length=200)]
    lang: Annotated[str, Field(min_length=2, max_length=20)]
    text: Annotated[str, Field(max_length=1000)]


class Propose(_Command):
    """Propose another value for a number of the risk; a second person has to approve it."""

    kind: Literal['propose']
    name: Annotated[str, Field(min_length=1, max_length=80)]
    value: Annotated[float, Field(allow_inf_nan=False)]


class Approve(_Command):
    """Approve somebody else's open proposal (its sequence number); the value is in force then."""

    kind: Literal['approve']
    proposal: CaseId


class Decline(_Command):
    """Drop an open proposal, one's own or somebody else's."""

    kind: Literal['decline']
    proposal: CaseId


class Retrain(_Command):
    """Ask the trainer for a new candidate now."""

    kind: Literal['retrain']


class Forget(_Command):
    """Withdraw the label of one case, or all labels one person gave; the next model is refitted.

    Exactly one of `case` and `person`.
    """

    kind: Literal['forget']
    case: CaseId | None = None
    person: Name | None = None
    why: Annotated[str, Field(min_length=1, max_length=500)]


class Hold(_Command):
    """Ask for a hold of the process."""

    kind: Literal['hold']


class Resume(_Command):
    """Ask for a resume of the process; `hold` is the `newest_hold` of the state the person saw.

    Another hold since then: refused, `stale_hold`.
    """

    kind: Literal['resume']
    hold: Annotated[int, Field(ge=0, lt=2**53)]


Command = Annotated[
    Claim
    | Release
    | Answer
    | Undo
    | Correct
    | Review
    | Unreview
    | EndAlarm
    | Reason
    | Report
    | Promote
    | Rollback
    | Maintenance
    | Schedule
    | Unschedule
    | Tune
    | Word
    | Propose
    | Approve
    | Decline
    | Retrain
    | Forget
    | Hold
    | Resume,
    Field(discriminator='kind'),
]
COMMAND: TypeAdapter[Any] = TypeAdapter(Command)


class Reply(BaseModel):
    """Answer to a command, after the commit; `reason` is a message key for `params`.

    `said`: the refusal as an English sentence, only for the command line on the same machine.

    `pending`, `busy`, `invalid` and `login` come from the console itself: no reply of the monitor
    yet (send again with the same key), too many commands, not a command, not logged in.
    """

    model_config = ConfigDict(extra='allow')

    key: str
    ok: bool
    status: Literal[
        'accepted',
        'claimed',
        'released',
        'undone',
        'conflict',
        'agreed',
        'late',
        'stale',
        'refused',
        'done',
        'pending',
        'busy',
        'invalid',
        'login',
    ]
    reason: str = ''
    said: str = ''
    code: str = ''
    params: dict[str, Any] = {}
    seq: int = 0
    epoch: int | None = None
    by: str | None = None
    label: str | None = None
    holder: str | None = None
