"""Why did a metric move? The parts that explain it, whether it is usual, and what happened to the data.

Data flow: a metric -> what adds up in it (composition) -> amounts of nine periods (compared) -> parts, usual
range and causes (explain, usual, unusual) -> words. Rows and data events stand beside it.
"""
