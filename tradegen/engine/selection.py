"""Which pairs are mismatched, on which leg, by which mechanisms: exact, nested and orthogonal.

In every segment, each pair holds a random key, and the smallest keys are the mismatched ones: raising the
rate keeps those there were and adds to them. What else is drawn about a mismatched pair belongs to its rank
among the keys, which no rate changes; so the cost goes with the mismatches, not with the pairs. A pair for
which no mechanism is possible is passed over, and the next one takes its place.

Among a pair's mechanisms the same again: each has a key from a stream of its own, an exponential draw divided
by its weight, and the smallest wins (an exponential race), so that changing one weight moves no pair between
two other mechanisms. No two processors give different keys (`streams.exponential`).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from tradegen.core.blocks import BLOCK_PAIRS
from tradegen.core.columns import Array
from tradegen.core.streams import draw, exponential, happens, scramble, uniform
from tradegen.engine.segments import Segment

_POSITION = np.uint64(BLOCK_PAIRS - 1)  # a pair's position within a block fits 16 bits
_OUT = np.uint64(2**64 - 1)  # a draw that cannot win: the mechanism is not possible for the pair
_MECHANISM = np.uint64(255)  # the low bits, which hold a mechanism's position
_ANEW = 1


class Ranking:
    """The pairs of a segment by their keys, smallest first; sorted only as far as is looked at."""

    def __init__(self, segment: Segment, seed: int, block: int, count: int) -> None:
        # Benign differences share the keys of the mismatches outside hot spots, from the other end: the
        # two never meet, and neither moves the other.
        stream = "mismatch/pair" if segment.benign else f"{segment.prefix}mismatch/pair"
        keys = draw(seed, stream, block, count)
        # The position in the low bits makes keys distinct, and saves an argument sort.
        keys &= ~_POSITION
        keys |= np.arange(count, dtype=np.uint64)
        self._keys = keys if segment.members is None else keys[segment.members]
        self._flip = _OUT if segment.benign else np.uint64(0)
        self._keys ^= self._flip
        self._sorted = 0

    def __len__(self) -> int:
        return len(self._keys)

    def below(self, share: float) -> int:
        """How many pairs have a key in this lowest share of all keys."""
        return int(np.count_nonzero(happens(self._keys, share)))

    def ranked(self, start: int, stop: int) -> Array:
        """Positions of the pairs with the ranks from `start` to before `stop` (int64)."""
        if stop > self._sorted:
            rest = self._keys[self._sorted :]
            if stop - self._sorted < len(rest):
                rest.partition(stop - self._sorted - 1)
            self._keys[self._sorted : stop].sort()
            self._sorted = stop
        return ((self._keys[start:stop] ^ self._flip) & _POSITION).view(np.int64)


def count_offset(prefix: str, seed: int, block: int) -> float:
    """What exact mode adds to the number of pairs asked for before rounding down, from 0 to below 1."""
    return float(uniform(draw(seed, f"{prefix}mismatch/count", block, 1))[0])


def wanted_fields(shares: tuple[float, ...], raw: Array) -> Array:
    """How many fields to alter in each mismatched pair (int8), by one draw each."""
    wanted, draws = np.ones(len(raw), np.int8), uniform(raw)
    for edge in itertools.accumulate(shares[:-1]):
        wanted += draws >= edge
    return wanted


class Race:
    """Mechanisms that race for pairs, by their draws and weights; those found impossible drop out."""

    def __init__(self, weights: dict[str, float], draws: Array) -> None:
        self._draws = draws  # uint64, shape (mechanisms, pairs)
        by_weight: dict[float, list[int]] = {}
        for position, weight in enumerate(weights.values()):
            by_weight.setdefault(weight, []).append(position)
        self._groups = by_weight

    def winners(self, rows: Array) -> Iterator[tuple[int, Array, Array]]:
        """Each mechanism that wins some of the pairs in `rows`, ascending; which; and their draws, made anew.

        A draw that wins is smaller than it would be by chance. Scrambled, it is as good as another one.
        """
        winner = self._winner(rows)
        order = winner.argsort(kind="stable")
        winner, rows = winner[order], rows[order]
        raw = scramble(self._draws[winner, rows], _ANEW)
        ends = winner.searchsorted(np.arange(len(self._draws) + 1)).tolist()
        for position, (start, stop) in enumerate(itertools.pairwise(ends)):
            if start < stop:
                yield position, rows[start:stop], raw[start:stop]

    def _winner(self, rows: Array) -> Array:
        """The mechanism with the smallest key for each of the pairs (int16); -1 where none is left.

        Of equal keys, the first weight's that is named.
        """
        winner, smallest = np.full(len(rows), -1, np.int16), np.full(len(rows), np.inf)
        for weight, positions in self._groups.items():
            draws = self._smallest(positions, rows)
            mechanism = _mechanism(draws)
            if len(self._groups) == 1:
                return mechanism
            key = exponential(draws)
            key /= weight
            wins = key < smallest
            wins &= mechanism >= 0
            np.copyto(winner, mechanism, where=wins)
            np.copyto(smallest, key, where=wins)
        return winner

    def _smallest(self, positions: list[int], rows: Array) -> Array:
        """The smallest draw for each of the pairs, of mechanisms with one weight, and whose it is.

        The mechanism goes along in the low bits, which are too low to count as part of the draw.
        """
        everyone = len(rows) == self._draws.shape[1]
        smallest, tagged = np.full(len(rows), _OUT), np.empty(len(rows), np.uint64)
        for position in positions:
            draws = self._draws[position] if everyone else self._draws[position].take(rows)
            np.bitwise_or(draws, _MECHANISM, out=tagged)
            tagged ^= _MECHANISM ^ np.uint64(position)
            np.minimum(smallest, tagged, out=smallest)
        return smallest

    def drop(self, positions: Array | int, rows: Array) -> None:
        """Take a mechanism, or several (shape (k, 1)), out of the race for pairs."""
        if len(rows):
            self._draws[positions, rows] = _OUT


def _mechanism(draws: Array) -> Array:
    """The position in the low bits of draws (int16), or -1 where the draw cannot win."""
    position = (draws & _MECHANISM).astype(np.int16)
    position[(draws | _MECHANISM) == _OUT] = -1
    return position
