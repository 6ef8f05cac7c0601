"""Webhooks: who asks for it is told of new entries of the log, over HTTPS, signed, at least once.

::

    addresses   where a webhook may go: never into a private network, however the address is spelled
    signing     the signature of a message (Standard Webhooks 1.0)
    outbox      subscriptions and deliveries in the database
    deliver     sending what is due
    service     all of it for one registry

The log is the outbox. An act and what is to be told of it are one row in one transaction, so a kill between the two
cannot be; a subscription only remembers how far it has been told. What is told is a public leaf, nothing else.
"""
