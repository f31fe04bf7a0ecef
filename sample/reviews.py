"""What known guests write about their orders in the shop's document store, as its dumps have it.

A dump has all reviews as they stand in the afternoon after a day: answers come, authors change what
they wrote, and some take it back. Same seed, same tills: same dumps.
"""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import bson

from ingest.warehouse import Warehouse
from sample import company
from sample.database import connect
from sample.voices import sentences

REVIEWED = Path(__file__).parent / "reviewed.sql"
EVERY = 12
"""So many orders of known guests bring one review."""

CLOCK_HOUR = 16
"""At this hour, UTC, of the next day all branches have closed."""

MOODS = {"praise": (58, (5, 5, 4)), "neutral": (20, (4, 3)), "complaint": (22, (1, 2, 2))}
"""How often a mood is, and the ratings that go with it."""

PLACES = {"app": 50, "web": 30, "google": 20}
REPLIES = (
    "Thank you for your visit!", "We are sorry. Please write to us, so that we can make it good.",
)  # fmt: skip


def dump(warehouse: Warehouse, prefix: str, branches: list[str], day: date) -> dict[str, bytes]:
    """Return the dump of the evening of a day, as mongodump writes it: by name, a file's content.

    Args:
        warehouse: the server that the tills are on.
        prefix: of the tills' names, before the branch id.
        branches: the branches with a till.
        day: the newest business date that all branches have traded on.
    """
    now = datetime.combine(day + timedelta(days=1), time(CLOCK_HOUR), UTC)
    documents = []
    for branch_id in branches:
        with connect(warehouse, prefix + branch_id) as till:
            rows = till.execute(REVIEWED.read_bytes(), {"until": now, "every": EVERY}).fetchall()
        documents += [_review(branch_id, now, *row) for row in rows]
    content = b"".join(bson.encode(document) for document in documents if document)
    folder = f"reviews/{day}/guest_reviews"
    about = {"options": {}, "indexes": [], "collectionName": "guest_reviews", "type": "collection"}
    return {
        f"{folder}.metadata.json.gz": gzip.compress(str(about).replace("'", '"').encode(), mtime=0),
        f"{folder}.bson.gz": gzip.compress(content, mtime=0),
    }


def _review(
    branch_id: str, now: datetime, order_number: str, ordered_at: datetime, number: int, name: str,
    product: str,
) -> dict[str, Any] | None:  # fmt: skip
    """Return a review as it stands at a moment; None before it is written or once it is gone."""
    luck = Random(f"{company.SEED} review {branch_id} {order_number}")  # noqa: S311 - dice
    at = ordered_at + timedelta(seconds=luck.randint(3_000, 200_000))
    mood = luck.choices(list(MOODS), [weight for weight, _ in MOODS.values()])[0]
    language = "en" if luck.random() < 0.8 else "es"
    lines = sentences(language, mood) or sentences("en", mood)
    text = luck.choice(lines).format(
        pizza=product.removeprefix("The "), minutes=luck.randrange(35, 100, 5)
    )
    changed_at = at
    review: dict[str, Any] = {
        "_id": bson.ObjectId(sha256(f"{branch_id} {order_number}".encode()).digest()[:12]),
        "order": order_number,
        "branch": {"id": branch_id},
        "guest": {"number": number, "name": name},
        "source": luck.choices(list(PLACES), list(PLACES.values()))[0],
        "rating": luck.choice(MOODS[mood][1]),
        "language": language if sentences(language, mood) else "en",
        "text": text,
        "photos": [f"{order_number}-{each}.jpg" for each in range(luck.choice((0, 0, 0, 1, 2)))],
        "created_at": at,
    }
    edited_at = at + timedelta(seconds=luck.randint(600, 170_000))
    answered_at = at + timedelta(seconds=luck.randint(1_800, 260_000))
    gone_at = at + timedelta(seconds=6 * luck.randint(90_000, 900_000))  # within two months
    if luck.random() < 0.06 and edited_at <= now:
        review |= {"text": f"Update: {text}", "edited_at": edited_at}
        changed_at = edited_at
    if luck.random() < (0.7 if mood == "complaint" else 0.4) and answered_at <= now:
        review["reply"] = {"text": REPLIES[mood == "complaint"], "at": answered_at}
        changed_at = max(answered_at, changed_at)
    review["updated_at"] = changed_at
    is_gone = luck.random() < 0.06 and gone_at <= now
    return None if at > now or is_gone else review
