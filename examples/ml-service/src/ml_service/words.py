"""From text to numbers: a tokenizer that is trained in memory, and bags of its tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.preprocessing import normalize
from tokenizers import Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import WordLevel
from tokenizers.trainers import WordLevelTrainer
from transformers import PreTrainedTokenizerFast

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

UNKNOWN = "[UNK]"


def train_tokenizer(texts: Iterable[str]) -> PreTrainedTokenizerFast:
    """A tokenizer that knows every word of `texts`, whatever its case."""
    tokenizer = Tokenizer(WordLevel(unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.train_from_iterator(texts, WordLevelTrainer(special_tokens=[UNKNOWN]))
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token=UNKNOWN)


def bags_of_words(tokenizer: PreTrainedTokenizerFast, texts: Sequence[str]) -> csr_matrix:
    """One row of unit length for each text, one column for each known word.

    Unknown words count for nothing: a text without a known word is a row of zeros.
    """
    encoded = tokenizer(list(texts), add_special_tokens=False)["input_ids"]
    known = [[token for token in row if token != tokenizer.unk_token_id] for row in encoded]
    columns = np.array([token for row in known for token in row], dtype=np.int64)
    ends = np.cumsum([0, *map(len, known)])
    counts = csr_matrix(
        (np.ones(len(columns), dtype=np.float32), columns, ends),
        shape=(len(texts), len(tokenizer)),
    )
    return normalize(counts)
