"""What guests say of the company: social posts and support tickets, told as stories.

A story is a beginning and a list of dated events; told up to a moment, it is the record that an API
shows at that moment. All luck comes from the seed and the story's own key, so whoever tells it
twice tells the same, and six days are three days twice.

The sentences stand in post_texts.csv and ticket_texts.csv; none of them is in rated_posts.csv,
whose sentences people have rated, so that a sentiment measure can be tested on others than its own.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

FOLDER = Path(__file__).parent
BRANCHES_FILE = FOLDER.parent / "seeds" / "branches.csv"
POSTS_A_DAY = 8.6
"""Posts on an average day with all branches open; a branch's share is its weight."""

PLATFORMS = {"instagram": 40, "x": 25, "facebook": 20, "tiktok": 15}
GROWTH = {1: 0.2, 6: 0.45, 24: 0.7, 72: 0.9, 168: 1.0}
"""What part of its final reach a post has after so many hours."""

REASONS = {
    "late": 26, "cold": 14, "wrong_item": 16, "refund": 12, "allergy": 8, "praise": 10, "other": 14,
}  # fmt: skip
AGENTS = ("Priya", "Sam", "Inés", "Tomasz", "Keoni")


@dataclass(frozen=True)
class Story:
    """A record's beginning, and what happens to it.

    Attributes:
        beginning: the record before its first event.
        events: per event its moment (`at`) and what it sets; a `comment` is added to those before.
    """

    beginning: dict[str, Any]
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def begins_at(self) -> str:
        """The moment of the first event."""
        return str(self.events[0]["at"])

    @property
    def ends_at(self) -> str:
        """The moment of the last event."""
        return str(self.events[-1]["at"])

    def told(self, until: str) -> dict[str, Any]:
        """Return the record as it stands at a moment.

        Args:
            until: the moment, as `stamp` writes it.
        """
        record = {
            name: list(value) if isinstance(value, list) else value
            for name, value in self.beginning.items()
        }
        for event in self.events:
            if event["at"] > until:
                break
            for name, value in event.items():
                if name == "comment":
                    record["comments"].append({"id": len(record["comments"]) + 1, **value})
                elif name != "at":
                    record[name] = value
            if "status" in event:
                record["status_history"].append({"status": event["status"], "at": event["at"]})
            record["updated_at"] = event["at"]
        return record


@dataclass(frozen=True)
class Order:
    """What a guest who writes to the help desk knows of the order, as the till has it."""

    branch_id: str
    order_number: str
    ordered_at: datetime
    channel: str
    total_amount: str
    currency: str
    guest: str | None
    email: str | None


def stamp(moment: datetime) -> str:
    """Return a moment as both APIs write it: UTC, whole seconds; text order is time order."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def posts(
    seed: int, first: date, last: date, branches: Sequence[str] | None = None
) -> Iterator[Story]:
    """Yield the posts that are written on some local days, in no order.

    Args:
        seed: of all luck.
        first: the first day.
        last: the last day.
        branches: the branches that people write about; default all.
    """
    for branch in _branches():
        if branches is not None and branch["branch_id"] not in branches:
            continue
        zone = ZoneInfo(branch["time_zone"])
        for offset in range((last - first).days + 1):
            day = first + timedelta(days=offset)
            if day < date.fromisoformat(branch["opened_on"]):
                continue
            luck = Random(f"{seed} posts {branch['branch_id']} {day}")  # noqa: S311 - dice
            expected = POSTS_A_DAY * int(branch["weight"]) / 100
            for number in range(int(expected * luck.uniform(0.4, 1.6) + luck.random())):
                hour = luck.choices(range(11, 24), [3, 5, 4, 2, 2, 2, 3, 5, 6, 5, 4, 2, 1])[0]
                minute, second = luck.randrange(60), luck.randrange(60)
                local = datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=zone)
                yield _post(luck, branch, f"{day:%Y%m%d}-{branch['branch_code']}-{number}", local)


def ticket(seed: int, order: Order) -> Story:
    """Return the ticket of a guest who was not content, or was, with an order.

    Args:
        seed: of all luck.
        order: what it is about.
    """
    luck = Random(f"{seed} ticket {order.branch_id} {order.order_number}")  # noqa: S311 - dice
    reason = luck.choices(list(REASONS), list(REASONS.values()))[0]
    if reason == "late" and order.channel not in ("delivery", "app"):
        reason = luck.choice(["cold", "wrong_item", "other"])
    told = _Conversation(luck, order, Story(_request(luck, order, reason)))
    told.happens(0, 0, status="new", comment=told.says("guest", reason))
    told.happens(0.05, 5, status="open", comment=told.says("agent", reason))
    if luck.random() < 0.35:
        told.happens(0.1, 3, status="pending", comment=told.says("agent", "any"))
        told.happens(0.5, 30, status="open", comment=told.says("guest", "any"))
    solved: dict[str, Any] = {"status": "solved", "comment": told.says("agent", "any")}
    if reason == "refund" or (reason in ("late", "cold", "wrong_item") and luck.random() < 0.4):
        small = luck.choice(["5.00", "7.50", "10.00"])
        amount = order.total_amount if reason == "refund" else small
        solved["compensation"] = {"amount": amount, "currency": order.currency}
    told.happens(0.2, 40, **solved)
    if luck.random() < 0.09:
        told.happens(3, 60, status="reopened", comment=told.says("guest", "reopened"))
        told.happens(0.2, 20, status="solved", comment=told.says("agent", "any"))
    if luck.random() < 0.4:
        told.happens(0.1, 20, satisfaction="good" if luck.random() < 0.7 else "bad")
    told.happens(72, 96, status="closed")
    if luck.random() < 0.006:  # spam, or somebody who asked to be forgotten
        told.happens(1, 48)
        told.story.events[-1]["deleted_at"] = stamp(told.at)
    return told.story


def _request(luck: Random, order: Order, reason: str) -> dict[str, Any]:
    """Return a ticket before anything has happened to it."""
    channel = luck.choices(["mail", "chat", "phone", "app"], [38, 27, 15, 20])[0]
    is_about_order = reason in ("late", "cold", "wrong_item", "refund") or luck.random() < 0.3
    writes = channel == "mail" or luck.random() < 0.4
    subject = reason.replace("_", " ").capitalize()
    return {
        "id": None,
        "branch_id": order.branch_id if is_about_order or luck.random() < 0.6 else None,
        "order_number": order.order_number if is_about_order else None,
        "channel": channel,
        "reason": reason,
        "subject": f"{subject}: {order.order_number}" if is_about_order else subject,
        "priority": luck.choices(["low", "normal", "high", "urgent"], [20, 55, 20, 5])[0],
        "requester": {"name": order.guest, "email": order.email if writes else None},
        "assignee": luck.choice(AGENTS),
        "status": None,
        "status_history": [],
        "comments": [],
        "compensation": None,
        "satisfaction": None,
        "created_at": None,
        "updated_at": None,
        "deleted_at": None,
    }


class _Conversation:
    """A ticket's events, one after the other.

    Attributes:
        story: what was told so far.
        at: the moment of the last event.
    """

    def __init__(self, luck: Random, order: Order, story: Story) -> None:
        """Begin some time after the order."""
        self.luck, self.order, self.story = luck, order, story
        self.at = order.ordered_at + timedelta(seconds=luck.randint(1500, 10_000))
        story.beginning["created_at"] = stamp(self.at)

    def happens(self, earliest: float, latest: float, **what: Any) -> None:
        """Add an event so many hours after the one before."""
        self.at += timedelta(seconds=int(self.luck.uniform(earliest, latest) * 3600))
        if "comment" in what:
            what["comment"] = {**what["comment"], "created_at": stamp(self.at)}
        self.story.events.append({"at": stamp(self.at), **what})

    def says(self, speaker: str, *reasons: str) -> dict[str, str | None]:
        """Return what somebody says."""
        name = self.story.beginning["assignee"] if speaker == "agent" else self.order.guest
        lines = [text for reason in reasons for text in _lines(reason, speaker)]
        body = self.luck.choice(lines).format(
            order=self.order.order_number,
            minutes=self.luck.randrange(40, 120, 5),
            day=f"{self.order.ordered_at:%A}",
        )
        return {"author": speaker, "name": name, "body": body}


def _post(luck: Random, branch: dict[str, str], key: str, posted_at: datetime) -> Story:
    """Return one post about a branch, which may or may not let on which."""
    content = _content(luck, branch)
    platform = luck.choices(list(PLATFORMS), list(PLATFORMS.values()))[0]
    followers = int(40 + 4_000 * luck.random() ** 6 * 20)
    reach = int(followers * luck.uniform(0.2, 1.4)) + 12
    likes = int(reach * luck.uniform(0.01, 0.12))
    final = {
        "reach": reach,
        "likes": likes,
        "comments": int(likes * luck.uniform(0, 0.2)),
        "shares": int(likes * luck.uniform(0, 0.1)),
    }
    given, family = luck.choice(_names(content["language"])), luck.randrange(1950, 2010)
    story = Story(
        {
            # as opaque as a platform's: it must not let on the branch
            "id": sha256(f"{platform} {key}".encode()).hexdigest()[:16],
            "platform": platform,
            "author": {
                "handle": f"@{given.lower()}{family}", "name": given, "followers": followers,
            },
            **content,
            **dict.fromkeys(final, 0),
            "posted_at": stamp(posted_at),
            "updated_at": None,
            "deleted_at": None,
        },
        [{"at": stamp(posted_at)}],
    )  # fmt: skip
    for hours, part in GROWTH.items():
        at = posted_at + timedelta(hours=hours, seconds=luck.randrange(1800))
        grown = {measure: int(value * part) for measure, value in final.items()}
        story.events.append({"at": stamp(at), **grown})
    if luck.random() < 0.008:
        at = posted_at + timedelta(hours=170, seconds=luck.randrange(100_000))
        # Platforms hand out no content of what its author has deleted.
        nothing = dict.fromkeys(("author", *content))
        story.events.append({"at": stamp(at), "deleted_at": stamp(at), **nothing})
    return story


def _content(luck: Random, branch: dict[str, str]) -> dict[str, Any]:
    """Return what a post says, and by what it lets on which branch it is about."""
    spoken = dict(part.split(":") for part in branch["languages"].split("|"))
    is_english = luck.random() < (0.3 if branch["branch_id"] == "quito" else 0.78)
    language = (
        "en" if is_english else luck.choices(list(spoken), [int(w) for w in spoken.values()])[0]
    )
    mood = luck.choices(["praise", "complaint", "neutral"], [46, 30, 24])[0]
    lines = sentences(language, mood) or sentences(language, "praise") or sentences("en", mood)
    text = luck.choice(lines).format(
        pizza=luck.choice(_pizzas()), minutes=luck.randrange(35, 100, 5)
    )
    name = branch["branch_id"].replace("_", "")
    hashtags, mentions, place = ["pizza"], [], None
    hint = luck.choices(["mention", "city", "place", "hashtag", "none"], [33, 20, 18, 14, 15])[0]
    if hint == "mention":
        mentions.append(f"@mypizza_{name}")
        text = f"{text} @mypizza_{name}"
    elif hint == "city":
        text = f"{branch['city']}: {text}" if luck.random() < 0.5 else f"{text} ({branch['city']})"
    elif hint == "place":
        place = {"city": branch["city"], "country_code": branch["country_code"]}
    elif hint == "hashtag":
        hashtags.append(f"mypizza{name}")
        text = f"{text} #mypizza{name}"
    else:
        hashtags.append("mypizza")
        text = f"{text} #mypizza"
    return {
        "text": text,
        "language": language,
        "hashtags": hashtags,
        "mentions": mentions,
        "place": place,
    }


@cache
def _rows(name: str) -> Sequence[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def _branches() -> Sequence[dict[str, str]]:
    """Return each branch of the seed with its habits."""
    with BRANCHES_FILE.open(encoding="utf-8", newline="") as file:
        known = {row["branch_id"]: row for row in csv.DictReader(file)}
    return [known[row["branch_id"]] | row for row in _rows("habits.csv")]


@cache
def _pizzas() -> Sequence[str]:
    # without the specials, which are on the menu for a month only
    names = [row["product_name"] for row in _rows("menu.csv") if not row["month"]]
    return [name.removeprefix("The ").removesuffix(" Pizza") for name in names]


@cache
def _names(language: str) -> Sequence[str]:
    known = {row["language"]: row["given_names"] for row in _rows("languages.csv")}
    return known.get(language, known["en"]).split("|")


@cache
def sentences(language: str, mood: str) -> Sequence[str]:
    """Return what people write in a language and a mood; nothing where none is known."""
    rows = _rows("post_texts.csv")
    return [row["text"] for row in rows if (row["language"], row["mood"]) == (language, mood)]


@cache
def _lines(reason: str, speaker: str) -> Sequence[str]:
    rows = _rows("ticket_texts.csv")
    return [row["text"] for row in rows if (row["reason"], row["speaker"]) == (reason, speaker)]
