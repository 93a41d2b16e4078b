"""The release: the folder that a build writes, the Hub publishes and the app opens.

Its manifest holds the size and SHA-256 of every file; the reader verifies all of them. Writing,
reading, publishing and pulling a release, and its dataset card.
"""
