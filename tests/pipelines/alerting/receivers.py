"""Receivers of alerts on this machine: a web service and a mail server that keep what they are sent."""

import json
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """What has come so far; `status` is answered from now on."""

    port: int = 0
    status: int = 200
    answer: dict[str, Any] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)


@contextmanager
def web_service() -> Iterator[Receiver]:
    """Serve HTTP on a free port; only what is answered with success counts as come."""
    received = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if received.status == 200:
                received.paths.append(self.path)
                received.bodies.append(json.loads(body))
            answer = json.dumps(received.answer).encode()
            self.send_response(received.status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        received.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield received
        finally:
            server.shutdown()
            thread.join(timeout=10)


@contextmanager
def mail_server() -> Iterator[Receiver]:
    """Serve SMTP on a free port, as much of it as takes a mail."""
    received = Receiver()

    class Handler(socketserver.StreamRequestHandler):
        timeout = 20

        def handle(self) -> None:
            self.wfile.write(b"220 test\r\n")
            while line := self.rfile.readline().decode().strip():
                command = line.split(" ", 1)[0].upper()
                if command == "DATA":
                    self.wfile.write(b"354 go on\r\n")
                    lines = []
                    while (text := self.rfile.readline().decode().rstrip("\r\n")) != ".":
                        lines.append(text)
                    received.mails.append("\n".join(lines))
                self.wfile.write(b"221 bye\r\n" if command == "QUIT" else b"250 fine\r\n")
                if command == "QUIT":
                    return

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        received.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield received
        finally:
            server.shutdown()
            thread.join(timeout=10)


def free_port() -> int:
    """Find a port on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
