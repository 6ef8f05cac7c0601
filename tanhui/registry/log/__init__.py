"""The log: what was appended, provably and for ever, in the formats that the world's transparency logs share.

::

    tree          RFC 9162: appending, roots, proofs
    tiles         C2SP tlog-tiles: the tree and its entries as immutable pieces
    static        a log as a folder of files: write it, read it and check it
    note          C2SP signed-note: text, signature lines, keys
    cosignature   C2SP tlog-cosignature: Ed25519 ``cosignature/v1``, ML-DSA-44 ``subtree/v1``
    witness       C2SP tlog-witness: cosign only what extends what was cosigned before
    rollback      a log that forgot or rewrote what it signed, and the evidence of it

All is pure but ``static``. The names of ``tree`` are found here too.
"""

from tanhui.registry.log.tree import (
    EMPTY_ROOT,
    Frontier,
    MemoryTree,
    completed_nodes,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_hash,
    verify_consistency,
    verify_inclusion,
)

__all__ = [
    "EMPTY_ROOT",
    "Frontier",
    "MemoryTree",
    "completed_nodes",
    "consistency_proof",
    "inclusion_proof",
    "leaf_hash",
    "node_hash",
    "root_hash",
    "verify_consistency",
    "verify_inclusion",
]
