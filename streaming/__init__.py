"""Playback events through Kafka: what devices report is in the warehouse within seconds.

Data flow: the generator's sessions -> producer -> topic playback-events -> consumer -> raw, and -> windows ->
ops.viewing_windows, topic viewing-metrics. What cannot be read -> topic of dead letters, quarantine.
"""
