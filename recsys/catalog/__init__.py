"""Read and check a catalogue: articles, photos and purchases, and statistics of them.

A catalogue in Kaggle's layout goes in; tables and arrays in a fixed row order come out. The split
into training, validation and test shoppers and the evaluation's questions are made here, too.
"""
