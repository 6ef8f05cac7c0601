"""Land: no plot is sold twice, in space and in time.

``model`` (nouns) < ``area``, ``outlines``, ``overlap`` (pure: outlines in, square metres and faults out) < ``tables``,
``store`` (rows of a database) < ``service`` (use cases). They load the geometry library, so import them late.
"""
