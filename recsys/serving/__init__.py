"""Answer queries from a release: a query in, ranked matches for each model out.

Which release answers, the encoders for new photos and words, updates without a restart, and
metrics. Nothing here knows of web pages.
"""
