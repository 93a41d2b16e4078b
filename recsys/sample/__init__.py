"""The drawn sample catalogue: an invented shop in Kaggle's layout that anyone may pass on.

Products are made up from tables of data, their photos are drawn, and invented shoppers buy them.
The same version always gives the same bytes.
"""
