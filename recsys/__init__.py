"""Show me more like this: five retrieval models over a fashion catalogue.

Data flows one way through the folders: catalog → models → retrieval → evaluation → release →
pipeline → serving → web. ``docs/design.md`` has the picture and the decisions.
"""

__version__ = "0.1.0"
