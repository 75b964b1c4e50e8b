"""Who is forgotten in which run: development people in tuning, fresh people in the table."""

TUNING_DRAWS = {1: 1, 10: 1}
"""Number of people in one generator → number of draws of people that each candidate is tried on."""

TABLE_DRAWS = {1: 6, 5: 2, 10: 2, 20: 1}
"""The same for the table."""

FIRST_FRESH = 10_000
"""Seeds from here on are for the table alone. Settings are chosen on seeds 0 to 999."""

_FIRST_TUNED = {1: 700, 10: 720}
_PER_NUMBER, _PER_DRAW = 1000, 100


def tuning_seeds(people: int, draw: int) -> list[int]:
    """Return the seeds of the development people of a draw."""
    first = _FIRST_TUNED[people] + people * draw
    return list(range(first, first + people))


def fresh_seeds(people: int, draw: int) -> list[int]:
    """Return the seeds of the people of a draw of the table; nobody is in two draws."""
    first = FIRST_FRESH + _PER_NUMBER * list(TABLE_DRAWS).index(people) + _PER_DRAW * draw
    return list(range(first, first + people))


def table_order() -> list[tuple[int, int]]:
    """Return (people, draw) in the order of the table: a first draw of every number, then the second, ..."""
    draws = range(max(TABLE_DRAWS.values()))
    return [(people, draw) for draw in draws for people in TABLE_DRAWS if draw < TABLE_DRAWS[people]]
