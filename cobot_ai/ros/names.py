"""Every name and every QoS profile of the three processes, in one table with its reason."""

from __future__ import annotations

from rclpy.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    QoSProfile,
    ReliabilityPolicy,
)

MONITOR = 'cobot_ai_monitor'
CONSOLE = 'cobot_ai_console'
TRAINER = 'cobot_ai_trainer'

# Topics, relative to the node that publishes them.
DECISION = '~/decision'
QUESTION = '~/question'
RESOLUTION = '~/resolution'
RECORD = '~/record'
REPLY = '~/reply'
STATE = '~/state'
HEARTBEAT = '~/heartbeat'
ANSWER = '~/answer'
CANDIDATE = '~/candidate'
TOPIC_OF = {'decision': DECISION, 'ask': QUESTION, 'resolution': RESOLUTION}
"""Where entries of these kinds are announced; the others on `RECORD`."""
DIAGNOSTICS = '/diagnostics'
"""The one absolute name: where every ROS tool looks for the health of all machines."""

MAX_DEPTH = 5000
"""Default limit of samples a Fast DDS reader can hold."""


def of(node: str, name: str) -> str:
    """A private name of another node in the same namespace: `~/answer` -> `node/answer`."""
    return f'{node}/{name[2:]}'


def _profile(depth: int, *, reliable: bool = True, latched: bool = False) -> QoSProfile:
    return QoSProfile(
        depth=depth,
        history=HistoryPolicy.KEEP_LAST,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )


def stream_qos(rate_hz: float, *, reliable: bool, stall_s: float = 1.0) -> QoSProfile:
    """Profile of a rated stream: its queue holds twice what arrives during the longest stall.

    KEEP_LAST overwrites unread samples even when the stream is reliable.
    """
    return _profile(min(MAX_DEPTH, max(10, round(rate_hz * stall_s * 2))), reliable=reliable)


STEP_QOS = _profile(50)  # a lost step is a step nobody judged
BEST_EFFORT_STEP_QOS = _profile(50, reliable=False)  # where the robot offers no more
CONTEXT_QOS = _profile(50, latched=True)  # the context in force was said before we came
DECISION_QOS = _profile(100)  # a burst of short steps must reach a recorder
QUESTION_QOS = _profile(10, latched=True)  # a console that starts late still sees open questions
RECORD_QOS = _profile(200)  # wakes consoles and trainer; what is lost is read from the ledger
ANSWER_QOS = _profile(50)  # taps are rare and must arrive
CANDIDATE_QOS = _profile(1, latched=True)  # only the newest candidate matters
STATE_QOS = _profile(1, latched=True)  # the present state, also for late joiners
DIAGNOSTICS_QOS = _profile(10)  # as diagnostic_updater offers it
HEARTBEAT_QOS = _profile(1)  # an old heartbeat must never look fresh
EVERYTHING = QoSProfile(
    depth=1, history=HistoryPolicy.KEEP_ALL, reliability=ReliabilityPolicy.RELIABLE
)  # a player waits for slow readers; a live driver must not
