"""How good the models are, measured on held-out shoppers, beside the baselines they have to beat.

Metrics, baselines, the evaluation itself and its report as tables. Every figure is deterministic:
the same release and catalogue give the same digits.
"""
