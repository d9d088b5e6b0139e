"""The plant's clock on the wall: shifts, maintenance breaks and times a person types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from cobot_ai.core.errors import ConfigError, DataError

DAYS = ('mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun')
DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Breaks:
    """Weekly maintenance breaks of a cell, and its time zone."""

    weekly: Sequence[str] = ()
    zone: tzinfo = timezone.utc

    def at(self, t_ns: int) -> str | None:
        """The break a stamp falls into, None outside."""
        return break_of(t_ns, self.weekly, self.zone) if self.weekly else None

    def when(self, text: str, now_ns: int) -> int:
        """The moment a person means, see `when`."""
        return when(text, now_ns, self.zone)


def breaks_of(weekly: Sequence[str], zone: str) -> Breaks:
    """The breaks a cell file declares."""
    return Breaks(tuple(weekly), zone_of(zone))


def zone_of(name: str) -> tzinfo:
    """A time zone by its name in the tz database.

    Raises:
        ConfigError: The machine does not know it.
    """
    if name == 'UTC':
        return timezone.utc  # also on a machine without the tz database
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError) as e:
        raise ConfigError(
            f'`timezone` is `{name}`, which this machine does not know; write UTC or a name such '
            'as Europe/Berlin.'
        ) from e


def local(t_ns: int, zone: tzinfo) -> datetime:
    """A stamp (nanoseconds since 1970) as local time, to the microsecond."""
    return datetime.fromtimestamp(t_ns // 10**9, zone) + timedelta(
        microseconds=t_ns % 10**9 // 1000
    )


def shift_of(t_ns: int, shifts: Sequence[str], zone: tzinfo) -> str | None:
    """Start of the shift a stamp falls into, `06:00`; None where no shifts are declared.

    Args:
        t_ns: Stamp. shifts: Starts of the shifts, `HH:MM`. zone: The plant's time zone.
    """
    if not shifts:
        return None
    now = local(t_ns, zone).strftime('%H:%M')
    starts = sorted(shifts)
    return next((s for s in reversed(starts) if s <= now), starts[-1])


def break_of(t_ns: int, breaks: Sequence[str], zone: tzinfo) -> str | None:
    """The maintenance break a stamp falls into, as the cell file writes it; None outside.

    Args:
        t_ns: Stamp. breaks: `sun 02:00-04:00` or `daily 12:00-12:30`; an end before the begin
            lies on the next day, the end itself is outside. zone: The plant's time zone.
    """
    now = local(t_ns, zone)
    minute = now.weekday() * DAY_MINUTES + now.hour * 60 + now.minute
    return next((text for text in breaks if _inside(minute, text)), None)


def when(text: str, now_ns: int, zone: tzinfo, past: bool = False) -> int:
    """The moment a person means, nanoseconds since 1970.

    Args:
        text: `14:00` (the next time it is that late) or `2026-11-22 14:00`, local time, with
            seconds and an offset such as `+01:00` if wanted.
        now_ns: The present stamp. zone: The plant's time zone.
        past: True for the last time it was that late.

    Raises:
        DataError: It is no time; the message says how to write one.
    """
    try:
        if len(text) <= 5:
            clock = datetime.strptime(text, '%H:%M').time()
            now = local(now_ns, zone)
            found = datetime.combine(now.date(), clock, zone)
            if (found <= now) != past:
                day = timedelta(days=-1 if past else 1)
                found = datetime.combine(now.date() + day, clock, zone)
        else:
            found = datetime.fromisoformat(text.replace('Z', '+00:00'))
            found = found if found.tzinfo else found.replace(tzinfo=zone)
        return round(found.timestamp()) * 10**9
    except (ValueError, OverflowError) as e:
        raise DataError(
            f'"{text[:40]}" is no time; write it as 14:00 or 2026-11-22T14:00.', key='no_time'
        ) from e


def _inside(minute: int, text: str) -> bool:
    """Whether a minute of the week lies in a weekly break."""
    day, _, span = text.partition(' ')
    begin, end = (int(t[:2]) * 60 + int(t[3:]) for t in span.split('-'))
    length = (end - begin) % DAY_MINUTES or DAY_MINUTES
    days = range(7) if day == 'daily' else (DAYS.index(day),)
    week = 7 * DAY_MINUTES
    return any((minute - d * DAY_MINUTES - begin) % week < length for d in days)
