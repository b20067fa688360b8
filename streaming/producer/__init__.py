"""Devices, played: the generator's sessions as the events that players would have sent.

Data flow: World -> the last sessions -> events of each -> in the order in which they arrive -> topic.
"""
