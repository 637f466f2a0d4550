"""``--forbid-skips`` leaves no test unnoticed."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.integration
pytest_plugins = ["pytester"]

CONFTEST = Path(__file__).parents[1] / "conftest.py"
TESTS = """
    import pytest

    def test_runs(): pass

    @pytest.mark.skip(reason="no browser")
    def test_marked(): pass

    def test_late(): pytest.skip("no server")

    @pytest.mark.xfail(reason="known")
    def test_known(): assert False
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    """A suite with two tests that are skipped, under the rules of ours."""
    pytester.makeconftest(CONFTEST.read_text())
    pytester.makeini(f"[pytest]\npythonpath = {CONFTEST.parent}")
    pytester.makepyfile(TESTS)
    return pytester


def test_skips_pass_where_they_are_allowed(suite: pytest.Pytester) -> None:
    """Without the option a skipped test is skipped."""
    result = suite.runpytest_subprocess()
    result.assert_outcomes(passed=1, skipped=2, xfailed=1)


def test_skips_fail_where_all_must_run(suite: pytest.Pytester) -> None:
    """With the option each skip fails with its reason; expected failures stay."""
    result = suite.runpytest_subprocess("--forbid-skips")
    result.assert_outcomes(passed=1, failed=1, errors=1, xfailed=1)
    result.stdout.fnmatch_lines(["*no browser*", "*no server*"])


def test_a_skipped_module_fails_where_all_must_run(suite: pytest.Pytester) -> None:
    """A module that skips itself can't hide its tests."""
    suite.makepyfile(test_away="import pytest\npytest.importorskip('no_such_thing')")
    result = suite.runpytest_subprocess("--forbid-skips")
    result.stdout.fnmatch_lines(["*no_such_thing*"])
    result.assert_outcomes(errors=1)
