"""The sample catalogue: an invented shop in Kaggle's layout that may be redistributed freely.

Product types, wording, colours and patterns are tables in ``tables/``. Products are drawn from
them at random, their photos are drawn, and simulated shoppers buy them. The same version always
gives the same bytes.
"""
