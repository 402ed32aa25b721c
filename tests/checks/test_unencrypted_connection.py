from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from tests.checks.operations import PUBLIC_ADDRESS, elsewhere, judge, local, unjudged, with_django
from tests.postgres import HOST
from tests.scratch import Scratch, connected

CHECK = "unencrypted_connection"


def test_silent_on_loopback(postgres: Scratch) -> None:
    assert not postgres.findings(CHECK)


def test_silent_on_a_socket_in_the_file_system(postgres: Scratch) -> None:
    assert not judge(CHECK, local(postgres.snapshot(), address="", client_address=""))


@pytest.mark.parametrize("address", ["::1", "127.0.1.1", "::ffff:127.0.0.1"])
def test_silent_on_every_form_of_loopback(postgres: Scratch, address: str) -> None:
    assert not judge(CHECK, local(postgres.snapshot(), address=address))


def test_silent_where_the_machine_talks_to_its_own_address(postgres: Scratch) -> None:
    assert not judge(CHECK, elsewhere(postgres.snapshot(), client_address=PUBLIC_ADDRESS))


def test_silent_where_it_is_encrypted(postgres: Scratch) -> None:
    assert not judge(CHECK, elsewhere(postgres.snapshot(), encrypted=True, encrypted_at_server=True))


def test_silent_where_the_pooler_is_on_the_server_s_machine_and_reached_by_tls(postgres: Scratch) -> None:
    assert not judge(CHECK, elsewhere(postgres.snapshot(), pooling="unknown", encrypted=True))


def test_r26_a_connection_whose_encryption_was_not_seen_is_not_judged(postgres: Scratch) -> None:
    assert unjudged(CHECK, elsewhere(postgres.snapshot(), encrypted=None))


def test_finds_a_connection_in_plain_text(postgres: Scratch) -> None:
    (found,) = judge(CHECK, elsewhere(postgres.snapshot()))
    assert (found.key, found.severity) == (f"{CHECK}:django", "warning")
    assert ("sslmode", "prefer") in {(one.what, one.value) for one in found.evidence}
    assert 'sslmode="verify-full"' in found.remedy.orm


def test_a_driver_that_does_not_tell_the_address_is_taken_for_a_network(postgres: Scratch) -> None:
    (found,) = judge(CHECK, elsewhere(postgres.snapshot(), address=None))
    assert found.detail == "It leads to another machine in plain text."


@pytest.mark.parametrize("address", ["10.0.0.5", "192.168.1.9", "fd12::5"])
def test_in_a_private_network_it_is_a_remark(postgres: Scratch, address: str) -> None:
    (found,) = judge(CHECK, elsewhere(postgres.snapshot(), address=address))
    assert found.severity == "info"


def test_with_debug_it_is_a_remark(postgres: Scratch) -> None:
    (found,) = judge(CHECK, with_django(elsewhere(postgres.snapshot()), debug=True))
    assert found.severity == "info"


def test_finds_a_pooler_that_talks_to_the_server_in_plain_text(postgres: Scratch) -> None:
    (found,) = judge(CHECK, local(postgres.snapshot(), pooling="transaction", client_address=PUBLIC_ADDRESS))
    assert (found.key, found.severity) == (f"{CHECK}:pooler", "warning")


def test_finds_a_real_connection_that_leaves_by_the_machine_s_own_network(postgres: Scratch) -> None:
    entry = postgres.connection.settings_dict
    with (
        forwarded(int(entry["PORT"])) as (address, port),
        connected("far", {**entry, "HOST": address, "PORT": str(port)}) as connection,
    ):
        (found,) = Scratch(connection).findings(CHECK)
    assert found.detail == f"It leads to {address} in plain text."


@contextmanager
def forwarded(port: int) -> Iterator[tuple[str, int]]:
    """An address of this machine that is none of loopback, from which connections are passed on to a local port."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        try:
            probe.connect((PUBLIC_ADDRESS, 9))  # sends nothing: it only chooses the way out
            address = probe.getsockname()[0]
        except OSError:
            pytest.skip("this machine has no address beside loopback")
    with closing(socket.create_server((address, 0))) as listening:

        def serve() -> None:
            while True:
                try:
                    near, _ = listening.accept()
                except OSError:
                    return
                far = socket.create_connection((HOST, port))
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=_pump, args=(source, sink), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield address, listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def _pump(source: Any, sink: Any) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    finally:
        sink.close()
        source.close()
