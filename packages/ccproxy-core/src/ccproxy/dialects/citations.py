"""Which citations can be told in another dialect: those of pages.

Those of documents, files and search results name what their vendor alone knows.
"""

from collections.abc import Iterable

from ccproxy.dialects.conversation import Citation
from ccproxy.dialects.feature import Feature, Notes


def of_pages(citations: Iterable[Citation], notes: Notes) -> list[Citation]:
    """Take the citations of pages; others are noted."""
    return [each for each in citations if of_a_page(each, notes)]


def of_a_page(citation: Citation, notes: Notes) -> bool:
    """Tell whether a page is cited; if it is something else, that is noted."""
    if not citation.url:
        notes.lose(Feature.OTHER_CITATION)
    return bool(citation.url)


def lose_citations(citations: Iterable[Citation], notes: Notes) -> None:
    """Note that none is told."""
    if of_pages(citations, notes):
        notes.lose(Feature.CITATION)
