"""The release: the folder that a build writes, the Hub publishes and the app opens.

Its manifest holds the size and SHA-256 of every file. Here are the manifest, the table of all
files, the writer and the verifying reader, publishing to the Hub and downloading from it.
"""
