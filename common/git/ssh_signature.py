"""Signs a text with a private key of SSH as `ssh-keygen -Y sign -n git` does; the key is on no disk.

ssh-keygen itself works for nobody who has no entry in passwd, as in a container under any other uid. The format is
OpenSSH's PROTOCOL.sshsig, and RFC 4251, 5656, 8332 and 8709 for what a signature holds.
"""

from __future__ import annotations

import base64
import hashlib
import textwrap
from typing import TYPE_CHECKING

from common.errors import BadInput

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.serialization import SSHPrivateKeyTypes

MAGIC = b"SSHSIG"
VERSION = 1
HASH = b"sha512"
NAMESPACE = b"git"
WIDTH = 70
OPENSSH = "-----BEGIN OPENSSH"


def signature(key: str, text: str) -> str:
    """Give the signature, as armored text. Raises BadInput for a key that cannot sign."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    private = _loaded(key)
    digest = hashlib.sha512(text.encode()).digest()
    signed = MAGIC + b"".join(map(_string, (NAMESPACE, b"", HASH, digest)))
    public = private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).split()[1]
    parts = (base64.b64decode(public), NAMESPACE, b"", HASH, _signed(private, signed))
    blob = MAGIC + VERSION.to_bytes(4) + b"".join(map(_string, parts))
    lines = textwrap.wrap(base64.b64encode(blob).decode(), WIDTH)
    return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----"])


def _loaded(key: str) -> SSHPrivateKeyTypes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_ssh_private_key

    load = load_ssh_private_key if key.startswith(OPENSSH) else load_pem_private_key
    try:
        return load(key.encode(), None)  # type: ignore[return-value] # a PEM of another kind is refused where it signs
    except (TypeError, UnsupportedAlgorithm) as error:  # with a passphrase; which of the two depends on bcrypt
        raise _refused("the key has a passphrase, or is of a kind that cannot be read") from error
    except ValueError as error:
        raise _refused("the key cannot be read") from error


def _signed(private: object, data: bytes) -> bytes:
    """Give the name of the algorithm and what it makes of the data."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

    if isinstance(private, ed25519.Ed25519PrivateKey):
        return _string(b"ssh-ed25519") + _string(private.sign(data))
    if isinstance(private, rsa.RSAPrivateKey):
        return _string(b"rsa-sha2-512") + _string(private.sign(data, padding.PKCS1v15(), hashes.SHA512()))
    curves: dict[str, tuple[bytes, hashes.HashAlgorithm]] = {
        "secp256r1": (b"nistp256", hashes.SHA256()),
        "secp384r1": (b"nistp384", hashes.SHA384()),
        "secp521r1": (b"nistp521", hashes.SHA512()),
    }
    if isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name in curves:
        name, algorithm = curves[private.curve.name]
        numbers = utils.decode_dss_signature(private.sign(data, ec.ECDSA(algorithm)))
        return _string(b"ecdsa-sha2-" + name) + _string(b"".join(map(_number, numbers)))
    raise _refused("the key is of a kind that cannot sign; take ed25519, RSA or ECDSA")


def _refused(why: str) -> BadInput:
    return BadInput(f"The commit could not be signed: {why}.", next_step="Check SIGNING_KEY.")


def _string(content: bytes) -> bytes:
    return len(content).to_bytes(4) + content


def _number(value: int) -> bytes:
    """Give a positive number, whose first bit is always 0."""
    return _string(value.to_bytes(value.bit_length() // 8 + 1))
