"""Programs of others that read glTF, each behind one small script that reports what it found."""
