"""A small certificate authority of the cell's own, so that tablets reach the page over TLS.

Browsers give wake lock, service worker and notifications only to secure pages. A cell has no
internet, so no public authority can help: the tablets trust this one once (docs/tls.md).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cobot_ai.core.errors import ConfigError
from cobot_ai.store.files import write_durably

CA_DAYS = 3650
HOST_DAYS = 825
"""Longest life of a host certificate that Apple devices accept, days."""
RENEW_DAYS = 60
"""So many days before it ends people are told to make it anew."""
HOST_NAME = re.compile(r'(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*', re.I | re.A)
SLACK = timedelta(hours=1)
"""A tablet's clock may be behind by this much."""


@dataclass(frozen=True, slots=True)
class Certs:
    """Where the certificates of a cell are."""

    folder: Path

    @property
    def ca(self) -> Path:
        """Certificate of the authority: goes onto every tablet."""
        return self.folder / 'ca.crt'

    @property
    def ca_key(self) -> Path:
        """Its private key: never leaves this computer."""
        return self.folder / 'ca.key'

    @property
    def host(self) -> Path:
        """Certificate of the console, with the authority's behind it."""
        return self.folder / 'console.crt'

    @property
    def host_key(self) -> Path:
        """Private key of the console."""
        return self.folder / 'console.key'

    @property
    def ready(self) -> bool:
        """Whether the console can serve over TLS."""
        return self.host.exists() and self.host_key.exists()

    def issue(self, hosts: Sequence[str], name: str, now: datetime) -> None:
        """Make the certificate of the console anew; the authority only if there is none yet.

        Args:
            hosts: Names and addresses the tablets use. name: Name of the cell. now: The time, UTC.

        Raises:
            ConfigError: No host is given, or one is neither a name nor an address.
            StoreError: The disk refused.
        """
        names = [_general_name(h) for h in hosts]
        if not names:
            raise ConfigError('Name at least one host the tablets use, e.g. 192.168.10.5.')
        if not self.ca.exists() or not self.ca_key.exists():
            self._make_ca(name, now)
        ca_key = serialization.load_pem_private_key(self.ca_key.read_bytes(), None)
        ca = x509.load_pem_x509_certificate(self.ca.read_bytes())
        if not isinstance(ca_key, ec.EllipticCurvePrivateKey):
            raise ConfigError(f'{self.ca_key} is not ours; move the folder away and start again.')
        key = ec.generate_private_key(ec.SECP256R1())
        made = (
            _builder(ca.subject, _subject(hosts[0]), key, now, HOST_DAYS)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .sign(ca_key, hashes.SHA256())
        )
        write_durably(self.host_key, _pem(key))
        chain = made.public_bytes(serialization.Encoding.PEM) + self.ca.read_bytes()
        write_durably(self.host, chain)

    def _make_ca(self, name: str, now: datetime) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _subject(f'cobot_ai {name}')
        usage = x509.KeyUsage(
            key_cert_sign=True,
            crl_sign=True,
            digital_signature=False,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )
        made = (
            _builder(subject, subject, key, now, CA_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .sign(key, hashes.SHA256())
        )
        write_durably(self.ca_key, _pem(key))
        write_durably(self.ca, made.public_bytes(serialization.Encoding.PEM))

    def fingerprint(self) -> str:
        """SHA-256 of the authority, as tablets show it: compare it before trusting."""
        ca = x509.load_pem_x509_certificate(self.ca.read_bytes())
        return ca.fingerprint(hashes.SHA256()).hex(':').upper()

    def days_left(self, now: datetime) -> float:
        """Days until the console's certificate ends."""
        made = x509.load_pem_x509_certificate(self.host.read_bytes())
        return (made.not_valid_after_utc - now).total_seconds() / 86400

    def hosts(self) -> list[str]:
        """Names and addresses in the console's certificate."""
        made = x509.load_pem_x509_certificate(self.host.read_bytes())
        names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return [str(name.value) for name in names]


def _builder(
    issuer: x509.Name,
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: datetime,
    days: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SLACK)
        .not_valid_after(now + timedelta(days=days))
    )


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        name = host.encode('idna').decode()
    except UnicodeError:
        name = ''
    # An address with a slip of the finger looks like a name whose last part is a number.
    if len(name) > 253 or not HOST_NAME.fullmatch(name) or name.rpartition('.')[2].isdecimal():
        raise ConfigError(
            f'"{host}" is neither a host name nor an address; write it as in 192.168.10.5 or '
            'cell-1.local, without https:// and port.'
        )
    return x509.DNSName(name)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
