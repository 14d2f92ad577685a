"""Dense landmarks read out of frozen networks that have seen real people."""
