"""Other people's heads, read into `Head`: FLAME, ICT-FaceKit, BFM, FaceScape.

Every importer returns mien's frame: metres, +x to the subject's left, +y up, +z out of the face.
"""
