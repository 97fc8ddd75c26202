"""How partnerships stand, part by part: what each part reads, how they make one figure, what they foresaw.

School only, and the figure for leads only: the enterprise reads none of it.
"""
