"""Sums and means of numbers."""


def total(numbers):
    """All of them together."""
    return sum(numbers)


def mean(numbers):
    """The total, shared out evenly."""
    return total(numbers) / len(numbers)
