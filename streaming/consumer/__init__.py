"""Playback events into raw, each message once.

Data flow: topic -> a batch -> one transaction of the warehouse (rows, quarantine, how far) -> topic of
dead letters -> offsets. What is killed in between is read again, and raw's key leaves out what is there.
"""
