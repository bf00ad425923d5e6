"""Strangers' files into plain pictures: decoding, hashes, contact sheets."""
