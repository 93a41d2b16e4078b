"""Answer queries from a release: a query in, ranked matches of each model out.

Also: which release is served, the encoders of new photos and words, updates without a restart, and
metrics. Nothing here knows of web pages.
"""
