"""Who watches, how long and how well: five minutes of event time, a minute apart, corrected by late events.

Data flow: topic -> windows of each user (Quix Streams) -> ops.viewing_windows_of_users -> ops.viewing_windows
-> topic viewing-metrics. A user's events are in one partition, so windows of users need no second topic, and
their sums are right whichever consumer has which partition.
"""
