"""The same tests on SQLite and PostgreSQL: once is once, ended is ended, and every act leaves its line."""

import dataclasses
import logging
import secrets as random
import threading

import pytest
from sqlalchemy import create_engine, event, inspect, text
from sqlalchemy.exc import DBAPIError

from tanhui.kernel.keystore import Argon2
from tanhui.kernel.signing import SigningKey
from tanhui.registry.access import secrets, store
from tanhui.registry.access.errors import AccessRefused, NotRecognised
from tanhui.registry.access.orders import Order, sign_order
from tanhui.registry.access.secrets import hash_password, new_api_key, new_enrolment, new_session
from tanhui.registry.access.store import TrailLine
from tanhui.registry.access.tables import metadata

CHEAP = Argon2(memory_kib=32, passes=1, lanes=4)
NOW = 1_800_000_000
HOUR = 3600
KEY = SigningKey("client", bytes(range(32)))


@pytest.fixture(autouse=True)
def cheap_decoy(monkeypatch: pytest.MonkeyPatch):
    decoy = hash_password("nobody", bytes(16), CHEAP)
    monkeypatch.setattr(secrets, "_decoy", lambda: decoy)


@pytest.fixture
def engine(database_url: str):
    engine = create_engine(database_url)
    if engine.dialect.name == "sqlite":
        # Python's driver opens transactions late; the registry begins them as writers at once.
        event.listen(engine, "connect", lambda raw, _: setattr(raw, "isolation_level", None))
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    metadata.create_all(engine)
    with engine.begin() as connection:
        store.add_person(connection, "p1", NOW, hash_password("a long password", bytes(16), CHEAP))
        store.add_person(connection, "p2", NOW)
    yield engine
    engine.dispose()


def outcome(engine, call, *arguments) -> str:
    with engine.begin() as connection, pytest.raises(NotRecognised) as refusal:
        call(connection, *arguments)
    return refusal.value.outcome


def done(engine, call, *arguments):
    with engine.begin() as connection:
        return call(connection, *arguments)


# Passwords and people


def test_a_person_comes_in_by_password_and_no_other_way(engine):
    assert done(engine, store.person_with_password, "p1", "a long password") == "p1"
    assert outcome(engine, store.person_with_password, "p1", "another") == "wrong"
    assert outcome(engine, store.person_with_password, "p2", "a long password") == "unknown"
    assert outcome(engine, store.person_with_password, "p3", "a long password") == "unknown"
    with pytest.raises(AccessRefused, match="p1"):
        done(engine, store.add_person, "p1", NOW)


def test_a_new_password_ends_every_open_session(engine):
    token, session = new_session("p1", NOW, HOUR, 12 * HOUR, random.token_bytes(32))
    done(engine, store.add_session, session)
    done(engine, store.set_password, "p1", hash_password("a new password", bytes(16), CHEAP), NOW + 1)
    assert outcome(engine, store.session_of, token.reveal(), NOW + 2) == "revoked"
    assert outcome(engine, store.person_with_password, "p1", "a long password") == "wrong"
    assert done(engine, store.person_with_password, "p1", "a new password") == "p1"
    assert outcome(engine, store.set_password, "p9", "x", NOW) == "unknown"


def test_a_disabled_person_has_no_way_in(engine):
    token, session = new_session("p1", NOW, HOUR, 12 * HOUR, random.token_bytes(32))
    text_, key = new_api_key("p1", frozenset({"read"}), NOW, HOUR, random.token_bytes(40))
    done(engine, store.add_session, session)
    done(engine, store.add_api_key, key)
    done(engine, store.disable_person, "p1", NOW)
    late, session = new_session("p1", NOW, HOUR, 12 * HOUR, random.token_bytes(32))
    done(engine, store.add_session, session)
    assert outcome(engine, store.session_of, token.reveal(), NOW) == "revoked"
    assert outcome(engine, store.session_of, late.reveal(), NOW) == "disabled"
    assert outcome(engine, store.api_key_of, text_.reveal(), NOW) == "revoked"
    assert outcome(engine, store.person_with_password, "p1", "a long password") == "disabled"


# Enrolment


def test_of_many_who_use_a_code_at_once_one_succeeds(engine):
    code, enrolment = new_enrolment("operator", NOW, HOUR, random.token_bytes(44), CHEAP)
    done(engine, store.add_enrolment, enrolment)
    start, granted, refused = threading.Barrier(6), [], []

    def use() -> None:
        start.wait()
        try:
            granted.append(done(engine, store.use_enrolment, code.reveal(), NOW).grants)
        except NotRecognised as refusal:
            refused.append(refusal.outcome)

    threads = [threading.Thread(target=use) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert granted == ["operator"]
    assert refused == ["used"] * 5


def test_a_code_whose_act_was_rolled_back_can_be_used_again(engine):
    code, enrolment = new_enrolment("operator", NOW, HOUR, random.token_bytes(44), CHEAP)
    done(engine, store.add_enrolment, enrolment)
    with engine.connect() as connection, connection.begin() as transaction:
        store.use_enrolment(connection, code.reveal(), NOW)
        transaction.rollback()
    assert done(engine, store.use_enrolment, code.reveal(), NOW).grants == "operator"
    assert outcome(engine, store.use_enrolment, code.reveal(), NOW) == "used"
    assert outcome(engine, store.use_enrolment, "nonsense", NOW) == "malformed"


# Sessions and keys


def test_a_session_in_use_lives_to_its_end_and_an_idle_one_does_not(engine):
    token, session = new_session("p1", NOW, HOUR, 5 * HOUR, random.token_bytes(32))
    done(engine, store.add_session, session)
    for at in range(NOW, NOW + 5 * HOUR, HOUR - 61):
        assert done(engine, store.session_of, token.reveal(), at).who == "p1"
    # The clock goes back by hours and the session is no younger for it.
    assert done(engine, store.session_of, token.reveal(), NOW).seen_at > NOW + 4 * HOUR
    assert outcome(engine, store.session_of, token.reveal(), NOW + 5 * HOUR) == "expired"
    assert outcome(engine, store.session_of, "x", NOW) == "unknown"
    token, session = new_session("p1", NOW, HOUR, 5 * HOUR, random.token_bytes(32))
    done(engine, store.add_session, session)
    assert outcome(engine, store.session_of, token.reveal(), NOW + HOUR) == "idle"
    done(engine, store.close_session, token.reveal(), NOW)
    assert outcome(engine, store.session_of, token.reveal(), NOW) == "revoked"


def test_an_api_key_keeps_its_scopes_and_is_revoked_for_good(engine):
    text_, key = new_api_key("p2", frozenset({"read", "transfers:write"}), NOW, HOUR, random.token_bytes(40))
    done(engine, store.add_api_key, key)
    assert done(engine, store.api_key_of, text_.reveal(), NOW) == key
    assert outcome(engine, store.api_key_of, text_.reveal()[:-1] + "g", NOW) == "malformed"
    wrong = text_.reveal()[:-1] + ("0" if text_.reveal()[-1] != "0" else "1")
    assert outcome(engine, store.api_key_of, wrong, NOW) == "wrong"
    done(engine, store.revoke_api_key, key.id, NOW)
    done(engine, store.revoke_api_key, key.id, NOW + 5)
    assert outcome(engine, store.api_key_of, text_.reveal(), NOW) == "revoked"


# Orders


def order(request: str = "r-1", units: str = "10", not_after: int = NOW + 600):
    salt = random.token_hex(16)
    return sign_order(Order("r.example", "a1", "transfer", {"units": units}, request, NOW, not_after, salt), KEY)


def test_an_order_counts_once_and_its_id_stands_for_nothing_else(engine):
    signed = order()
    assert done(engine, store.use_order, signed) is True
    assert done(engine, store.use_order, signed) is False
    with pytest.raises(AccessRefused) as refusal:
        done(engine, store.use_order, order(units="11"))
    assert refusal.value.code == "access.order_reused"
    other = sign_order(signed.order, SigningKey.generate("another client"))
    assert done(engine, store.use_order, other) is True


def test_a_refused_insert_does_not_end_the_transaction(engine):
    signed = order()
    done(engine, store.use_order, signed)
    with engine.begin() as connection:
        assert store.use_order(connection, signed) is False
        assert store.use_order(connection, order("r-2")) is True


def test_a_forgotten_order_does_not_come_back_when_the_clock_does(engine):
    old, fresh = order("r-1"), order("r-2", not_after=NOW + HOUR)
    for signed in (old, fresh):
        done(engine, store.use_order, signed)
    done(engine, store.forget_expired, NOW + 700)
    # The clock is set back to when the first order was good; it was carried out and is refused, not done again.
    with pytest.raises(AccessRefused) as refusal:
        done(engine, store.use_order, old)
    assert refusal.value.code == "access.order_late"
    assert done(engine, store.use_order, fresh) is False
    # A clock that ran ahead for a while forgets what there is and shuts out nothing that comes.
    done(engine, store.forget_expired, NOW + 10**9)
    assert done(engine, store.use_order, order("r-3", not_after=NOW + HOUR + 1)) is True
    done(engine, store.forget_expired, NOW)
    with pytest.raises(AccessRefused):
        done(engine, store.use_order, old)


# The trail

LINE = TrailLine(NOW, "p1", "transfer", "registry.insufficient_units", "r-1", "tag")


def test_a_refused_act_leaves_its_line_and_nothing_else(engine):
    with engine.connect() as connection, connection.begin() as transaction:
        store.add_person(connection, "p9", NOW)
        transaction.rollback()
    done(engine, store.append_trail, LINE)
    done(engine, store.append_trail, dataclasses.replace(LINE, who="p2", outcome="done"))
    with engine.begin() as connection:
        lines = list(store.read_trail(connection))
        assert [line for _, line in lines] == [LINE, dataclasses.replace(LINE, who="p2", outcome="done")]
        assert list(store.read_trail(connection, after=lines[0][0])) == lines[1:]
        assert list(store.read_trail(connection, who="p1")) == lines[:1]
    assert outcome(engine, store.person_with_password, "p9", "x") == "unknown"


@pytest.mark.parametrize("statement", ["UPDATE access_trail SET outcome = 'done'", "DELETE FROM access_trail"])
def test_the_database_itself_keeps_the_trail(engine, statement):
    done(engine, store.append_trail, LINE)
    with pytest.raises(DBAPIError, match=r"access\.append_only"), engine.begin() as connection:
        connection.execute(text(statement))
    with engine.begin() as connection:
        assert [line for _, line in store.read_trail(connection)] == [LINE]


def test_an_address_is_kept_under_a_key():
    # HMAC-SHA-256, RFC 4231 test case 2, cut to 128 bits.
    assert store.address_tag("what do ya want for nothing?", b"Jefe") == "5bdcc146bf60754e6a042426089575c7"


def test_no_secret_reaches_the_database_or_the_log(engine, caplog: pytest.LogCaptureFixture):
    token, session = new_session("p1", NOW, HOUR, HOUR, random.token_bytes(32))
    text_, key = new_api_key("p1", frozenset({"read"}), NOW, HOUR, random.token_bytes(40))
    code, enrolment = new_enrolment("operator", NOW, HOUR, random.token_bytes(44), CHEAP)
    given = [token.reveal(), text_.reveal().rsplit("_", 1)[1], code.reveal(), code.reveal().replace("-", "")[13:]]
    with caplog.at_level(logging.DEBUG):
        done(engine, store.add_session, session)
        done(engine, store.add_api_key, key)
        done(engine, store.add_enrolment, enrolment)
        done(engine, store.session_of, token.reveal(), NOW)
        done(engine, store.api_key_of, text_.reveal(), NOW)
        done(engine, store.use_enrolment, code.reveal(), NOW)
        done(engine, store.person_with_password, "p1", "a long password")
    names = inspect(engine).get_table_names()
    with engine.begin() as connection:
        rows = [connection.execute(text(f"SELECT * FROM {name}")).all() for name in names]
    for secret in [*given, "a long password"]:
        assert secret not in str(rows)
        assert secret not in caplog.text
