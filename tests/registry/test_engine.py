"""What a database refuses is told without the values it was given: they may be names or secrets."""

from __future__ import annotations

import logging
import traceback

import pytest
import sqlalchemy as sa

from tanhui.kernel.errors import TanhuiError
from tanhui.registry.store import Store

SECRET = "whsec_bm90LWZvci1hbnlib2R5"
TABLE = "CREATE TABLE kept (id TEXT PRIMARY KEY, word TEXT NOT NULL CHECK (length(word) > 3))"
#: A check, a key that is there already, a column left out, a table that is not there, and a value that is none.
WRONG = [
    "INSERT INTO kept VALUES (:secret, 'x')",
    "INSERT INTO kept VALUES (:secret, 'long enough'), (:secret, 'long enough')",
    "INSERT INTO kept (id) VALUES (:secret)",
    "INSERT INTO missing VALUES (:secret)",
    "SELECT word FROM kept WHERE id = :secret AND nothing = 1",
]


@pytest.mark.parametrize("statement", WRONG)
def test_a_failing_statement_does_not_print_its_values(
    database_url: str, statement: str, caplog: pytest.LogCaptureFixture
):
    store = Store(database_url, create=True)
    with store.writing() as tx:
        tx.connection.exec_driver_sql(TABLE)
    with caplog.at_level(logging.DEBUG), pytest.raises(TanhuiError) as refused, store.writing() as tx:
        tx.connection.execute(sa.text(statement), {"secret": SECRET})
    store.close()
    error = refused.value
    told = ["".join(traceback.format_exception(error)), str(error), repr(error), str(error.to_dict("zh")), caplog.text]
    assert not [text for text in told if SECRET in text]


def test_many_rows_at_once_neither(database_url: str):
    store = Store(database_url, create=True)
    with store.writing() as tx:
        tx.connection.exec_driver_sql(TABLE)
    rows = [{"id": f"{SECRET}-{number}", "word": "x" * number} for number in range(8)]
    with pytest.raises(TanhuiError) as refused, store.writing() as tx:
        tx.connection.execute(sa.text("INSERT INTO kept VALUES (:id, :word)"), rows)
    store.close()
    assert SECRET not in "".join(traceback.format_exception(refused.value))
