"""Who is asking, and may they ask at all: credentials, signed orders, limits and the trail of every act.

``secrets``, ``orders`` and ``limits`` are pure: clocks and randomness are arguments. ``tables`` and ``store`` hold the
database's half and load its library, so import them late. The room knows nothing of the ledger: which role may do what
there is the ledger's own rule.

Moments are whole seconds of Unix time, UTC. Secrets are given out once, as a :class:`~.secrets.Secret` that does not
print itself; what is stored cannot be turned back into one.
"""
