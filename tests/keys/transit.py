"""A stand-in for Vault's transit engine: its HTTP interface, with real AES-GCM, for one key.

It is no Vault: it knows one token, and the operations that the adapter uses. That the real one takes the same
requests is written in Vault's documentation of the transit engine.
"""

import base64
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TOKEN = "the token of these tests"


class Transit:
    """The key's versions, and whether the server is sealed, as Vault calls it."""

    def __init__(self) -> None:
        self.keys = [AESGCM.generate_key(256)]
        self.sealed = False
        self.url = ""

    def answer(self, method: str, path: str, token: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and data."""
        if self.sealed:
            return 503, {}
        if token != TOKEN:
            return 403, {}
        about = base64.b64decode(body.get("associated_data", ""))
        match method, path.removeprefix("/v1/transit/"):
            case "GET", "keys/headwater":
                return 200, {"latest_version": len(self.keys)}
            case "POST", "keys/headwater/rotate":
                self.keys.append(AESGCM.generate_key(256))
                return 200, {}
            case "POST", "encrypt/headwater":
                nonce = secrets.token_bytes(12)
                sealed = AESGCM(self.keys[-1]).encrypt(nonce, base64.b64decode(body["plaintext"]), about)
                text = base64.b64encode(nonce + sealed).decode()
                return 200, {"ciphertext": f"vault:v{len(self.keys)}:{text}", "key_version": len(self.keys)}
            case "POST", "decrypt/headwater":
                _, version, text = body["ciphertext"].split(":")
                data = base64.b64decode(text)
                try:
                    plain = AESGCM(self.keys[int(version[1:]) - 1]).decrypt(data[:12], data[12:], about)
                except InvalidTag:
                    return 400, {}
                return 200, {"plaintext": base64.b64encode(plain).decode()}
        return 404, {}


@contextmanager
def serving() -> Iterator[Transit]:
    """The server on a free port of the loopback, in a thread."""
    transit = Transit()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, data = transit.answer(
                self.command, self.path, self.headers.get("X-Vault-Token", ""), json.loads(body or b"{}")
            )
            said = json.dumps({"data": data} if status == 200 else {"errors": []}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = _answer

        def log_message(self, format: str, *args: object) -> None:
            """Nothing is logged."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    transit.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield transit
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
