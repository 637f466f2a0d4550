"""A model's prices, and what a request costs by them."""

from typing import TypeAlias

from pydantic import BaseModel, ConfigDict

from ccproxy.dialects.answer import Usage

MILLION = 1_000_000


class Rate(BaseModel):
    """US dollars for a million tokens.

    Vendors that ask more for long prompts do so for all tokens of the request, not just
    for those beyond the threshold.
    """

    model_config = ConfigDict(frozen=True)

    usual: float
    """For a prompt of any length that no tier is for."""
    tiers: tuple[tuple[int, float], ...] = ()
    """Prices for prompts longer than so many tokens, the shortest first."""

    def at(self, prompt: int) -> float:
        """Return the price for a prompt of so many tokens, cached ones included."""
        if not self.tiers:
            return self.usual
        longer = [price for start, price in self.tiers if prompt > start]
        return longer[-1] if longer else self.usual


Line: TypeAlias = tuple[int, Rate | None]
"""A number of tokens, and what they cost."""


class Sheet(BaseModel):
    """The prices of a model; what has none of its own costs what it is a part of."""

    model_config = ConfigDict(frozen=True)

    basis: str
    """Whose prices they are."""
    input: Rate | None = None
    """For tokens that are read."""
    cache_read: Rate | None = None
    """For those that are taken from the cache."""
    cache_write: Rate | None = None
    """For those that are written to it."""
    cache_write_1h: Rate | None = None
    """For those that it keeps for an hour."""
    output: Rate | None = None
    """For tokens that are written."""
    reasoning: Rate | None = None
    """For those that are reasoning."""
    request: float = 0.0
    """US dollars for the request itself."""

    def cost(self, used: Usage) -> float | None:
        """Tell what a request has cost in US dollars.

        Returns:
            ``None`` if the price of some of its tokens is unknown.
        """
        total, prompt = 0.0, used.all_input
        for tokens, rate in self._lines(used):
            if tokens <= 0:
                continue
            if rate is None:
                return None
            total += tokens * rate.at(prompt)
        return total / MILLION + self.request

    def _lines(self, used: Usage) -> tuple[Line, ...]:
        """Name each token once, at its own price."""
        write = self.cache_write or self.input
        return (
            (used.input, self.input),
            (used.cache_read, self.cache_read or self.input),
            (used.cache_write - used.cache_write_1h, write),
            (used.cache_write_1h, self.cache_write_1h or write),
            # Some vendors do not count their reasoning as output, whatever they should.
            (used.output - used.reasoning, self.output),
            (used.reasoning, self.reasoning or self.output),
        )
