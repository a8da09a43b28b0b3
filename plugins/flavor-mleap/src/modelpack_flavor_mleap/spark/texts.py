"""Stages that turn texts into words, and words into vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack_flavor_mleap import values
from modelpack_flavor_mleap.node import Node
from modelpack_flavor_mleap.operators.text import java_pattern
from modelpack_flavor_mleap.spark.params import name_of, pairs, param

if TYPE_CHECKING:
    from modelpack_flavor_mleap.spark.table import Table


def tokenizer(stage: Any, table: Table) -> list[Node]:  # noqa: ARG001 - every writer's
    """It learns nothing."""
    return _each(stage, "tokenizer", {})


def regex_tokenizer(stage: Any, table: Table) -> list[Node]:  # noqa: ARG001 - every writer's
    """The pattern, which has to mean the same in Python."""
    java_pattern(param(stage, "pattern"))
    attributes = {
        "regex": values.text(param(stage, "pattern")),
        "match_gaps": values.flag(param(stage, "gaps")),
        "token_min_length": values.small(param(stage, "minTokenLength")),
        "lowercase_text": values.flag(param(stage, "toLowercase")),
    }
    return _each(stage, "regex_tokenizer", attributes)


def stop_words_remover(stage: Any, table: Table) -> list[Node]:  # noqa: ARG001 - every writer's
    """The words that are removed."""
    attributes = {
        "stop_words": values.texts(param(stage, "stopWords")),
        "case_sensitive": values.flag(param(stage, "caseSensitive")),
    }
    return _each(stage, "stopwords_remover", attributes)


def ngram(stage: Any, table: Table) -> list[Node]:  # noqa: ARG001 - every writer's
    """How many words."""
    return _each(stage, "ngram", {"n": values.whole(param(stage, "n"))})


def hashing_tf(stage: Any, table: Table) -> list[Node]:  # noqa: ARG001 - every writer's
    """How wide, and the hash of Spark since 3.0."""
    attributes = {
        "num_features": values.whole(param(stage, "numFeatures")),
        "binary": values.flag(param(stage, "binary")),
        "hashUnsafeBytesVersion": values.small(2),
    }
    return _each(stage, "hashing_term_frequency", attributes)


def count_vectorizer(stage: Any, table: Table) -> list[Node]:  # noqa: ARG001 - every writer's
    """The vocabulary."""
    attributes = {
        "vocabulary": values.texts(stage.vocabulary),
        "binary": values.flag(param(stage, "binary")),
        "min_tf": values.number(param(stage, "minTF")),
    }
    return _each(stage, "count_vectorizer", attributes)


def word2vec(stage: Any, table: Table) -> list[Node]:  # noqa: ARG001 - every writer's
    """The vector of each word."""
    rows = stage.getVectors().collect()
    attributes = {
        "words": values.texts(row["word"] for row in rows),
        "indices": values.wholes(range(len(rows))),
        "word_vectors": values.numbers(number for row in rows for number in row["vector"].toArray()),
        "kernel": values.text("default"),
    }
    return _each(stage, "word_to_vector", attributes)


def _each(stage: Any, op: str, attributes: dict[str, Any]) -> list[Node]:
    columns = pairs(stage)
    return [
        Node.of(name_of(stage, place, len(columns)), op, {"input": source}, {"output": output}, attributes)
        for place, (source, output) in enumerate(columns)
    ]


WRITERS = {
    "Tokenizer": tokenizer,
    "RegexTokenizer": regex_tokenizer,
    "StopWordsRemover": stop_words_remover,
    "NGram": ngram,
    "HashingTF": hashing_tf,
    "CountVectorizerModel": count_vectorizer,
    "Word2VecModel": word2vec,
}
