"""Texts to words, and words to vectors."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidModelError
from modelpack_flavor_mleap.attributes import MAX_WIDTH
from modelpack_flavor_mleap.operators.hashing import hashed
from modelpack_flavor_mleap.sparse import SparseRows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from modelpack_flavor_mleap.attributes import Attributes
    from modelpack_flavor_mleap.columns import Columns
    from modelpack_flavor_mleap.node import Node
    from modelpack_flavor_mleap.operators.step import Step

Words = list[str]
_JAVA_ONLY = re.compile(r"\\[pPhHRXGQENkvVzZ]|&&|\(\?<[A-Za-z]|\(\?[a-zA-Z]|\[[^\]]*\[")
"""Classes of letters, line ends, quotes, named groups, flags, and sets of sets: read otherwise, or not at all."""


def tokenizer(node: Node) -> Step:
    """The words of a text in lower case, split at each white space."""
    return _of_texts(node, lambda text: _split(_BLANK, text.lower()))


def regex_tokenizer(node: Node) -> Step:
    """The words of a text, by a pattern for them or for what is between them."""
    attributes = node.attributes
    try:
        pattern = java_pattern(attributes.text("regex"))
    except ValueError as error:
        raise attributes.wrong("regex", str(error)) from error
    gaps = attributes.flag("match_gaps", True)  # noqa: FBT003 - Spark's default
    shortest = attributes.whole("token_min_length", 1)
    lower = attributes.flag("lowercase_text", True)  # noqa: FBT003 - Spark's default

    def words(text: str) -> Words:
        text = text.lower() if lower else text
        found = _split(pattern, text) if gaps else [match.group() for match in pattern.finditer(text)]
        return [word for word in found if len(word) >= shortest]

    return _of_texts(node, words)


def stopwords_remover(node: Node) -> Step:
    """The words without those that say nothing."""
    exact = node.attributes.flag("case_sensitive", False)  # noqa: FBT003 - Spark's default
    stops = set(node.attributes.texts("stop_words"))
    if exact:
        return _of_words(node, lambda words: [word for word in words if word not in stops])
    stops = {word.lower() for word in stops}
    return _of_words(node, lambda words: [word for word in words if word.lower() not in stops])


def ngram(node: Node) -> Step:
    """Each run of so many words."""
    count = node.attributes.whole("n")
    if count < 1:
        raise node.attributes.wrong("n", f"{count}")
    return _of_words(node, lambda words: [" ".join(words[at : at + count]) for at in range(len(words) - count + 1)])


def hashing_term_frequency(node: Node) -> Step:
    """How often each word is there, in the place that its hash gives."""
    attributes = node.attributes
    width = attributes.whole("num_features")
    if not 0 < width < MAX_WIDTH:
        raise attributes.wrong("num_features", f"{width}")
    version = attributes.whole("hashUnsafeBytesVersion", 1)
    if version not in {1, 2}:
        raise attributes.wrong("hashUnsafeBytesVersion", f"{version}, not 1 or 2")
    binary = attributes.flag("binary", False)  # noqa: FBT003 - Spark's default

    @lru_cache(maxsize=1 << 16)
    def place(word: str) -> int:
        return hashed(word, version=version) % width

    def counts(words: Words) -> dict[int, float]:
        found = Counter(map(place, words))
        return dict.fromkeys(found, 1.0) if binary else dict(found)

    return _of_counts(node, counts, width)


def count_vectorizer(node: Node) -> Step:
    """How often each word of a vocabulary is there."""
    attributes = node.attributes
    places = {word: place for place, word in enumerate(attributes.texts("vocabulary"))}
    binary = attributes.flag("binary", False)  # noqa: FBT003 - Spark's default
    least = attributes.number("min_tf", 1.0)

    def counts(words: Words) -> dict[int, float]:
        found = Counter(places[word] for word in words if word in places)
        needed = least if least >= 1.0 else least * len(words)
        return {place: 1.0 if binary else count for place, count in found.items() if count >= needed}

    return _of_counts(node, counts, len(places))


def word_to_vector(node: Node) -> Step:
    """The mean of the vectors of the words, or their sum by its length."""
    import numpy as np

    attributes = node.attributes
    words, table = _word_table(attributes)
    kernel = attributes.text("kernel", "default")
    if kernel not in {"default", "sqrt"}:
        raise attributes.wrong("kernel", f"{kernel!r:.40}, not default or sqrt")
    source, output = node.input("input"), node.output("output")

    def vector(tokens: Words) -> Any:
        known = [words[token] for token in tokens if token in words]
        total = table[known].sum(axis=0)
        by = len(tokens) if kernel == "default" else np.sqrt(total @ total)
        return total / by if by else total

    def run(columns: Columns) -> None:
        vectors = [vector(tokens) for tokens in columns.tokens(source)]
        columns[output] = np.array(vectors).reshape(len(vectors), table.shape[1])

    return run


def java_pattern(text: str) -> re.Pattern[str]:
    """A pattern of Java's, where Python's have the same meaning.

    Raises:
        ValueError: It uses what only Java's patterns have.
    """
    if _JAVA_ONLY.search(text):
        raise ValueError(f"the pattern {text!r:.60} uses what only Java's have")
    try:
        return re.compile(text, re.ASCII)  # classes such as \w are ASCII in Java
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"the pattern {text!r:.60} cannot be read: {error}") from error


def _split(pattern: re.Pattern[str], text: str) -> Words:
    """The text between matches, as Java splits: nothing empty at the end, nor before an empty match at the start."""
    words, start = [], 0
    for match in pattern.finditer(text):
        if match.end() == 0:
            continue
        words.append(text[start : match.start()])
        start = match.end()
    if not words:
        return [text]
    words.append(text[start:])
    while words and not words[-1]:
        words.pop()
    return words


def _word_table(attributes: Attributes) -> tuple[dict[str, int], Any]:
    words = attributes.texts("words")
    places = attributes.wholes("indices") if "indices" in attributes else list(range(len(words)))
    numbers = attributes.numbers("word_vectors")
    if not words or len(numbers) % len(words) or sorted(places) != list(range(len(words))):
        raise InvalidModelError(f"{attributes.place}: the words and their vectors do not fit together")
    return dict(zip(words, places, strict=True)), numbers.reshape(len(words), -1)


def _of_texts(node: Node, function: Callable[[str], Words]) -> Step:
    source, output = node.input("input"), node.output("output")

    def run(columns: Columns) -> None:
        columns[output] = _lists(function(text) for text in columns.texts(source))

    return run


def _of_words(node: Node, function: Callable[[Words], Words]) -> Step:
    source, output = node.input("input", "input0"), node.output("output", "output0")

    def run(columns: Columns) -> None:
        columns[output] = _lists(function(words) for words in columns.tokens(source))

    return run


def _of_counts(node: Node, function: Callable[[Words], dict[int, float]], width: int) -> Step:
    import numpy as np

    source, output = node.input("input"), node.output("output")

    def run(columns: Columns) -> None:
        counts = [function(words) for words in columns.tokens(source)]
        sizes = [len(each) for each in counts]
        places = np.array([place for each in counts for place in each], dtype=np.intp)
        values = np.array([value for each in counts for value in each.values()], dtype=float)
        columns[output] = SparseRows(len(counts), width, np.repeat(np.arange(len(counts)), sizes), places, values)

    return run


def _lists(values: Iterable[Words]) -> Any:
    """An array whose elements are lists, which NumPy would rather make a table of."""
    import numpy as np

    lists = list(values)
    array = np.empty(len(lists), dtype=object)
    for place, each in enumerate(lists):
        array[place] = each
    return array


_BLANK = re.compile(r"\s", re.ASCII)

OPERATORS = {
    "tokenizer": tokenizer,
    "regex_tokenizer": regex_tokenizer,
    "stopwords_remover": stopwords_remover,
    "ngram": ngram,
    "hashing_term_frequency": hashing_term_frequency,
    "count_vectorizer": count_vectorizer,
    "word_to_vector": word_to_vector,
}
