"""The retrieval models: they turn texts, photos, attributes and purchases into unit vectors.

One module per model, with the encoders of new photos and words. Heavy libraries (torch, TensorFlow,
open_clip) are imported inside functions, where they are needed.
"""
