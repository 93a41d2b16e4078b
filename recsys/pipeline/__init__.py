"""The build: from a catalogue folder to a release, stage by stage.

Each finished stage is kept in a workspace under a key of its inputs, so a build that is stopped
goes on where it was, and a second one repeats only what changed.
"""
