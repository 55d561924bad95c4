"""The defect archive: pictures of frames with what the line said about them, on disk, with an index.

Files come first and the row of the index last, so that a crash at any moment leaves only what the next start mends. Every entry has a
file with all its facts beside its picture: an index that is lost is made again from these.
"""
