"""Playback events into raw, each message once.

Data flow: topic -> a bounded batch -> rows and letters -> one transaction of the warehouse (rows, quarantine, how far)
-> dead-letter topic -> offsets. What is killed in between is read again, and raw's key leaves out what is there.
"""
