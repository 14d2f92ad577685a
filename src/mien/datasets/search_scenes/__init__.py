"""Pictures with many small faces, composed from cut-outs, for the face search."""
