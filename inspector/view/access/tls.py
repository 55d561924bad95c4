"""The certificate of the viewer: checked as a browser would, and read again when its files change, without a restart."""

from __future__ import annotations

import logging
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from engines.errors import FileError
from engines.files.reading import read_bytes
from inspector.errors import UserError
from inspector.view.access.secret_files import read_secret, seen
from inspector.view.config import TlsConfig

log = logging.getLogger(__name__)

_MOST_BYTES = 256 << 10
_NAME = "certificate.invalid"
_WORDS = {
    9: "is not valid yet; is the clock of this machine right?",
    10: "has expired; put a new one there",
    26: "is not for servers (extended key usage); have one made for TLS servers",
}
"""Of codes of OpenSSL's verification."""


class Pair(NamedTuple):
    """Both files, as they were read."""

    certificate: bytes
    key: bytes


class Certificate:
    """A certificate and its key, and the context that serves with them."""

    def __init__(self, config: TlsConfig, origin: str) -> None:
        """``origin`` names the configuration in errors. Raises UserError, one line with what is wrong."""
        self._certificate, self._key = Path(config.certificate), Path(config.key)
        self._origin = origin
        self._seen = seen(self._certificate, self._key)
        pair = self._read()
        self.names = self._check(pair)
        """Of the machine, as the certificate has them; addresses too."""
        self.context = _server_context()
        self._load(self.context, pair)

    def look(self) -> Pair | None:
        """What is to be used from now on, where the files have changed, for ``use``. What cannot be used is told in the log, and the certificate
        before goes on."""
        now = seen(self._certificate, self._key)
        if now == self._seen:
            return None
        self._seen = now
        try:
            pair = self._read()
            self._check(pair)
        except UserError as error:
            log.error("%s; the certificate before it is used until that is mended", error)
            return None
        return pair

    def use(self, pair: Pair) -> None:
        """Show this one to connections that begin from now on. To be called where connections begin, so that none does meanwhile."""
        self._load(self.context, pair)
        log.info("tls: %s was read again", self._certificate)

    def _read(self) -> Pair:
        """Once: what was checked is what is used, though the files may be replaced meanwhile."""
        try:
            certificate = read_bytes(self._certificate, _MOST_BYTES)
        except FileError as error:
            raise UserError(f"{self._origin}: tls.certificate: {error}") from None
        return Pair(certificate, read_secret(self._key, f"{self._origin}: tls.key", _MOST_BYTES))

    def _check(self, pair: Pair) -> tuple[str, ...]:
        """Serve a client with it that knows no other certificate; the names in it."""
        client = ssl.create_default_context()
        client.check_hostname = False
        client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        try:
            # Comments beside the certificates may be in any language.
            client.load_verify_locations(cadata=pair.certificate.decode("ascii", "ignore"))
        except (ssl.SSLError, ValueError) as error:
            why = f"holds no certificate in PEM ({_reason(error)})"
            raise UserError(f"{self._origin}: tls.certificate: {self._certificate} {why}") from None
        server = _server_context()
        self._load(server, pair)
        try:
            told = _shown(server, client)
        except ssl.SSLCertVerificationError as error:
            why = _WORDS.get(error.verify_code, f"cannot be used: {error.verify_message}")
            raise UserError(f"{self._origin}: tls.certificate: {self._certificate} {why}") from None
        except ssl.SSLError as error:
            raise UserError(f"{self._origin}: tls: {self._certificate} cannot be used: {_reason(error)}") from None
        return tuple(str(name[1]) for name in told.get("subjectAltName", ()) if name[0] in ("DNS", "IP Address"))

    def _load(self, context: ssl.SSLContext, pair: Pair) -> None:
        """Raises UserError naming the key of the configuration."""
        asked = False

        def password() -> bytes:
            nonlocal asked
            asked = True
            return b""

        try:
            with _as_file(pair.certificate) as certificate, _as_file(pair.key) as key:
                context.load_cert_chain(certificate, key, password)
        except (ssl.SSLError, ValueError) as error:
            if asked:
                why = f"tls.key: {self._key} is encrypted, and nobody can type its password; `openssl pkey -in {self._key} -out PLAIN` takes it off"
            elif getattr(error, "reason", "") == "KEY_VALUES_MISMATCH":
                why = f"tls: {self._key} is not the key of {self._certificate}"
            else:
                why = f"tls.key: {self._key} holds no key in PEM that fits the certificate ({_reason(error)})"
            raise UserError(f"{self._origin}: {why}") from None


@contextmanager
def _as_file(data: bytes) -> Iterator[str]:
    """The library reads files only; this one is in memory."""
    handle = os.memfd_create("pem", os.MFD_CLOEXEC)
    with open(handle, "wb") as file:
        file.write(data)
        file.flush()
        yield f"/proc/self/fd/{handle}"


def _server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    return context


def _shown(server: ssl.SSLContext, client: ssl.SSLContext) -> dict[str, tuple[tuple[str, str], ...]]:
    """What a client sees of the certificate of a server. Raises SSLError where it would not go on."""
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = client.wrap_bio(back, there, server_hostname=_NAME)
    answering = server.wrap_bio(there, back, server_side=True)
    open_ = [asking, answering]
    for _ in range(10):
        for one in list(open_):
            try:
                one.do_handshake()
                open_.remove(one)
            except ssl.SSLWantReadError:
                continue
        if not open_:
            break
    return dict(asking.getpeercert() or {})  # type: ignore[arg-type]


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", None)
    return str(reason).lower().replace("_", " ") if reason else str(error).splitlines()[0]
