"""The build: from a catalogue folder to a release, stage by stage.

Finished stages are kept in a workspace under a key of their inputs: a killed build continues where
it was, and a second build repeats only the stages whose inputs changed.
"""
