"""Marks of tests that are about one kind of database."""

import pytest

on_a_server = pytest.mark.parametrize(
    "url",
    [
        pytest.param(
            "pg", marks=(pytest.mark.services, pytest.mark.xdist_group("postgres"))
        )
    ],
    indirect=True,
)
on_a_file = pytest.mark.parametrize("url", ["duckdb"], indirect=True)
