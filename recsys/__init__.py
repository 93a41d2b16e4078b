"""Show me more like this: five retrieval models over a fashion catalogue.

Data flows one way: catalogue → models → vectors → indexes → release → recommender → interface.
Each arrow is one module; ``docs/design.md`` tells the story.
"""

__version__ = "0.1.0"
