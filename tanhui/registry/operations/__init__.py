"""Operating a registry: publish its log, replay it from outside, back it up and restore it, ask witnesses.

::

    publish        the public log as files
    replay_public  the state from those files alone, by a stranger or a regulator
    backup         an online copy of database and trust file, with a manifest
    restore        a copy back at work, unless that would be a fork
    witnesses      cosignatures of others on our checkpoints
    erasure        a name forgotten, on the word of two people
    compare        a checkpoint somebody kept against the log as it is now
"""
