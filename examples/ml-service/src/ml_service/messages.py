"""The messages that the service learns from: made on the spot, the same for the same seed."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

TOPICS: dict[str, tuple[str, ...]] = {
    "billing": ("invoice", "refund", "payment", "charged", "card", "receipt", "price"),
    "delivery": ("parcel", "courier", "late", "address", "arrived", "lost", "tracking"),
    "technical": ("crash", "login", "error", "password", "screen", "update", "slow"),
}
SMALL_TALK = ("hello", "please", "my", "the", "is", "again", "today", "thanks", "help", "why")


def labelled_messages(count: int, seed: int) -> pd.DataFrame:
    """`count` rows of `team` and `text`: two words of the team's topic amid small talk."""
    generator = np.random.default_rng(seed)
    teams = generator.choice(list(TOPICS), size=count)
    return pd.DataFrame({"team": teams, "text": [_message(team, generator) for team in teams]})


def as_parquet(messages: pd.DataFrame) -> pa.Buffer:
    """The messages as a Parquet file in memory."""
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pandas(messages, preserve_index=False), sink)
    return sink.getvalue()


def from_parquet(parquet: pa.Buffer) -> pa.Table:
    """The messages of a Parquet file in memory, column by column."""
    return pq.read_table(pa.BufferReader(parquet))


def messages_per_team(messages: pa.Table) -> dict[str, int]:
    """How many messages each team has, teams in the order of their names."""
    with duckdb.connect() as connection:
        connection.register("messages", messages)
        rows = connection.sql("SELECT team, count(*) FROM messages GROUP BY team ORDER BY team")
        return dict(rows.fetchall())


def _message(team: str, generator: np.random.Generator) -> str:
    topic = generator.choice(TOPICS[team], size=2, replace=False)
    small_talk = generator.choice(SMALL_TALK, size=4, replace=False)
    return " ".join(generator.permutation(np.concatenate([topic, small_talk])))
