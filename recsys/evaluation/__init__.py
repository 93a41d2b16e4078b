"""Evaluate the models and baselines on test shoppers.

Metrics, baselines, the evaluation itself and its report as tables. Every figure is deterministic:
equal releases and catalogues give equal figures.
"""
