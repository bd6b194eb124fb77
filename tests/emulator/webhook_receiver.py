"""A partner's receiver, and what stands between it and the emulator's SNS, which neither signs nor repeats."""

import base64
import io
import json
import re
import threading
import time
import types
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

GUIDE = Path(__file__).parents[2] / "docs" / "api.md"
CERTIFICATE_URL = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-test.pem"


def sample():
    """Return the guide's own code as a module."""
    (source,) = [
        code for code in re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL) if "believed" in code
    ]
    module = types.ModuleType("receiver")
    exec(compile(source, "docs/api.md", "exec"), module.__dict__)  # noqa: S102  # It is our own guide.
    return module


class Signer:
    """Signs as SNS does (Amazon SNS Developer Guide, "Verifying the signatures of Amazon SNS messages")."""

    def __init__(self, fields):
        self._fields = fields
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")]), datetime.now(UTC)
        built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self._key.public_key())
        built = built.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
        self.certificate = built.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def sign(self, message):
        text = "".join(f"{name}\n{message[name]}\n" for name in self._fields[message["Type"]] if name in message)
        signature = self._key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        news = {"SignatureVersion": "2", "Signature": base64.b64encode(signature).decode()}
        return {**message, **news, "SigningCertURL": CERTIFICATE_URL}


class Receiver:
    """Believes what it can verify, and remembers each event by its id, and by the webhook that it was called as."""

    def __init__(self, module):
        self._module = module
        self.topic_arn = ""
        self.down = threading.Event()
        self.tokens, self.events, self.refused = {}, {}, []
        self.calls = 0

    def take(self, path, body):
        """Return the status that a call is answered with."""
        self.calls += 1
        if self.down.is_set():
            return 503
        webhook_id = path.rpartition("webhook_id=")[2]
        try:
            message = self._module.believed(body, self.topic_arn)
        except (ValueError, KeyError, InvalidSignature) as error:
            self.refused.append(type(error).__name__)
            return 403
        if message["Type"] == "SubscriptionConfirmation":
            self.tokens[webhook_id] = message["Token"]
        else:
            event = json.loads(message["Message"])
            self.events.setdefault(webhook_id, {}).setdefault(event["id"], []).append(event)
        return 200


class Relay:
    """Listens where the emulator's SNS delivers: signs, delivers twice, and repeats until it is taken, as SNS may."""

    def __init__(self, signer, receiver):
        self._signer, self._receiver = signer, receiver
        relay = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                self.send_response(200)
                self.end_headers()
                threading.Thread(target=relay.deliver, args=(self.path, json.loads(body)), daemon=True).start()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hooks"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *raised):
        self._server.shutdown()
        self._server.server_close()

    def deliver(self, path, message):
        body = json.dumps(self._signer.sign(message))
        for _ in range(2):
            deadline = time.monotonic() + 30
            while self._receiver.take(path, body) == 503 and time.monotonic() < deadline:
                threading.Event().wait(0.05)


class ServedCertificate:
    """Serves the signer's certificate in place of Amazon's server, and counts how often it was fetched."""

    def __init__(self, certificate):
        self._certificate = certificate
        self.fetched = 0

    def urlopen(self, url, timeout):
        assert url == CERTIFICATE_URL
        self.fetched += 1
        return io.BytesIO(self._certificate)
