"""S3 behind the ports of storage: signing, reading and copying, writing."""
