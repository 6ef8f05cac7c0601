"""The registry: every tonne once, on one number line, provable by a stranger. Knows nothing of science.

``service`` holds the use cases, ``verify`` and ``audit`` the checks of files; ``ledger``, ``log``, ``checkpoint`` and
``certificate`` are pure. ``service``, ``store`` and ``audit`` load the database library, so import them late.
"""
