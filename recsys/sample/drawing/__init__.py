"""Outlines, fabrics and patterns of the sample's garments.

Each garment module turns a `Cut` into a `Silhouette`; fabrics and patterns fill it.
Nothing here knows of products, prices or shoppers.
"""
