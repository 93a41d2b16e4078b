"""Silhouettes, fabrics and patterns of the sample's garments.

Each garment module turns a `Cut` into a `Silhouette`, which fabrics and patterns then fill.
Products, prices and shoppers are unknown here.
"""
