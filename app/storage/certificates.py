"""Certificates for servers that belong together, by an authority of their own that signs no others."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_YEARS = timedelta(days=3650)


def make_certificates(folder: Path, owners: Mapping[str, int | None]) -> bool:
    """Make ``NAME/cert.pem``, ``key.pem`` and ``ca.pem`` for each host name, and ``ca/ca.pem`` for their clients.

    Keys are for their owner alone, by uid. The authority's own key is kept nowhere, so that nobody can have
    another certificate of it. Where there are some nothing is changed, and False is the answer.
    """
    if (folder / "ca" / "ca.pem").exists():
        return False
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Headwater servers")])
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    authority = (
        _begun(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, SHA256())
    )
    trusted = authority.public_bytes(Encoding.PEM)
    for host, owner in owners.items():
        own = ec.generate_private_key(ec.SECP256R1())
        names = [x509.DNSName(name) for name in dict.fromkeys((host, "localhost"))]
        certificate = (
            _begun(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)]), name, own.public_key())
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False
            )
            .sign(key, SHA256())
        )
        private = own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        _write(folder / host / "key.pem", private, 0o600, owner)
        _write(folder / host / "cert.pem", certificate.public_bytes(Encoding.PEM), 0o644, owner)
        _write(folder / host / "ca.pem", trusted, 0o644, owner)
    # Last, for it says that the others are there.
    _write(folder / "ca" / "ca.pem", trusted, 0o644, None)
    return True


def _begun(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + _YEARS)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _write(file: Path, content: bytes, mode: int, owner: int | None) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:
        out.write(content)
    if owner is not None:
        os.chown(draft, owner, owner)
    draft.replace(file)
