"""Retrieve articles: nearest neighbours for each model, their combination, and filters.

Indexes are audited against exact search; the combined model's weights are fitted on validation
shoppers. Nothing here reads or writes files of a release.
"""
