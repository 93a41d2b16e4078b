"""The retrieval models: what turns texts, photos, attributes and purchases into unit vectors.

One module a model, with the encoders that read new photos and words. Heavy libraries (torch,
TensorFlow, open_clip) are imported inside functions, where they are needed.
"""
