"""What makes the ledger checkable from outside: its Merkle tree, and the keys that sign."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from registry_api.db.models.base import Base, UtcTime


class LogNode(Base):
    """A full subtree of the Merkle tree over the ledger: 2**level entries from one place on."""

    __tablename__ = "log_nodes"
    __table_args__ = (
        CheckConstraint("level >= 0 AND position >= 0", name="place_not_negative"),
        CheckConstraint("length(hash) = 32", name="hash_is_sha256"),
    )

    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class SigningKey(Base):
    """A public key that the registry signs with, or once did, as a Multikey."""

    __tablename__ = "signing_keys"

    key_id: Mapped[str] = mapped_column(String(100), primary_key=True)
    since: Mapped[UtcTime]


class SigningKeyRevocation(Base):
    """That a key may have been copied: what it signed from a time on counts for nothing."""

    __tablename__ = "signing_key_revocations"

    key_id: Mapped[str] = mapped_column(
        String(100), ForeignKey("signing_keys.key_id"), primary_key=True
    )
    void_from: Mapped[UtcTime]
    reason: Mapped[str] = mapped_column(Text)
    sequence: Mapped[int] = mapped_column(ForeignKey("ledger_entries.sequence"))
