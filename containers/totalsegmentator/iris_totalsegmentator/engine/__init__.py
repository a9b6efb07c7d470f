"""The resident engine: TotalSegmentator's arithmetic on networks that stay loaded.

Arrays here are z, y, x ordered tensors: a NIfTI file's own byte order, so that a
scan is never transposed in memory. No processes, files or sockets.
"""
