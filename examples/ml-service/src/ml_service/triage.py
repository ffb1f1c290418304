"""What the service knows how to do, apart from HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from onnxruntime import InferenceSession

from ml_service import messages, model, words

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


@dataclass(frozen=True, slots=True)
class Verdict:
    """The team that should answer a message, and how sure we are (0 to 1)."""

    team: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Triage:
    """A trained classifier of messages; safe to share between threads."""

    teams: tuple[str, ...]
    learned_from: dict[str, int]
    tokenizer: PreTrainedTokenizerFast
    session: InferenceSession

    @classmethod
    def trained(cls, count: int = 600, seed: int = 7) -> Self:
        """Trained on `count` made-up messages: the same verdicts for the same arguments."""
        parquet = messages.as_parquet(messages.labelled_messages(count, seed))
        table = messages.from_parquet(parquet)
        texts: list[str] = table["text"].to_pylist()
        tokenizer = words.train_tokenizer(texts)
        classifier = model.learn(words.bags_of_words(tokenizer, texts), table["team"].to_pylist())
        return cls(
            teams=tuple(map(str, classifier.classes_)),
            learned_from=messages.messages_per_team(table),
            tokenizer=tokenizer,
            session=InferenceSession(model.as_onnx(classifier), providers=["CPUExecutionProvider"]),
        )

    def verdict(self, text: str) -> Verdict:
        """The most likely team for `text`."""
        bags = words.bags_of_words(self.tokenizer, [text]).toarray()
        [probabilities] = self.session.run([model.OUTPUT], {model.INPUT: bags})
        best = int(np.argmax(probabilities[0]))
        return Verdict(self.teams[best], float(probabilities[0][best]))
