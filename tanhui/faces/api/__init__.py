"""The registry over HTTP: ``/v1`` with OpenAPI, problems in words, and a public side without login.

::

    app          one application for one registry: its parts, and when they begin and end
    wire         what every request meets first: size, rate, headers, mistakes of ours
    entrance     who is asking: codes, sessions, API keys
    acts         asking for something: one route for each act, many at once, proposals
    bodies       the form of what is asked
    committer    many requests, one transaction
    public, own  reading, without login and with
    operator     webhooks, names that are to be forgotten, kinds of persons
    background   what a server does by itself: publish, let locks expire, deliver webhooks
    rows         pages of the ledger's tables, by key
    answers      JSON with an ETag, CSV, Parquet
    kept         what never changes, in memory
    negotiation  languages and formats that a request prefers
    service      what the routes share
    problems     refusals as RFC 9457 problems

Everything is decided in :mod:`tanhui.registry`; here is only how it is said over HTTP.
"""
