"""A cable between client and server that a test can cut, for one connection or for all."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tests.postgres import HOST


@dataclass
class Cable:
    """``port`` is where clients connect. Connections are told apart by a word of their startup packet."""

    port: int
    upstream: int
    _pairs: list[tuple[bytes, socket.socket, socket.socket]] = field(default_factory=list)
    _silent: set[bytes] = field(default_factory=set)
    _refused: set[bytes] = field(default_factory=set)

    def silence(self, word: bytes) -> None:
        """From now on the answers to connections with this word are lost; the server notices nothing."""
        self._silent.add(word)

    def refuse(self, word: bytes) -> None:
        """From now on connections with this word are cut, and new ones of them are not let through."""
        self._refused.add(word)
        self.cut(word)

    def admit(self) -> None:
        """Let all connections through again."""
        self._refused.clear()

    def cut(self, word: bytes = b"") -> None:
        """Cut the connections with this word at the client's end; those that come later are whole."""
        self._silent.discard(word)
        for startup, client, _ in list(self._pairs):
            if word in startup:
                with suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)

    def serve(self, listener: socket.socket) -> None:
        """Take connections until the listener is closed."""
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._connect, args=[client], daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        with client, suppress(OSError), socket.create_connection((HOST, self.upstream)) as server:
            startup = client.recv(65536)
            if any(word in startup for word in self._refused):
                return
            self._pairs.append((startup, client, server))
            server.sendall(startup)
            back = threading.Thread(target=self._pump, args=[server, client, startup], daemon=True)
            back.start()
            self._pump(client, server, b"")
            back.join()

    def _pump(self, source: socket.socket, target: socket.socket, startup: bytes) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if not any(word in startup for word in self._silent):
                    target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """End every connection."""
        for _, client, server in self._pairs:
            for end in (client, server):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)


@contextmanager
def cable(upstream: int) -> Iterator[Cable]:
    """A cable to a port of this machine."""
    with socket.create_server((HOST, 0)) as listener:
        made = Cable(listener.getsockname()[1], upstream)
        thread = threading.Thread(target=made.serve, args=[listener], daemon=True)
        thread.start()
        try:
            yield made
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)
            made.close()
