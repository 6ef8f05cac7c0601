"""The auditor's workspace: what to look at, what was found, how it was answered, and the opinion that follows.

``model`` the nouns, ``rules`` what may follow what, ``journal`` the file that only grows, ``sample`` where to go,
``opinion`` what may be concluded, ``checks`` what a machine can see before anybody travels.
"""
