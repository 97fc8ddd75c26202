"""The people of a row, whose names, positions and numbers may stand in one cell or in three."""

import re
from dataclasses import replace
from functools import lru_cache

from partnerships.rules.phones import Person, read_contacts

from .cells import split_list

_MOBILE = re.compile(r"1[3-9][0-9]{9}")  # most cells: spared the long way


@lru_cache(maxsize=16384)
def contacts_in(who: str, position: str, phone: str) -> tuple[tuple[Person, ...], tuple[str, ...]]:
    """(people, codes of notes). Numbers in a cell of their own go to the people in order, when there are as many.

    The people are shared between rows with the same texts: copy before changing.
    """
    people = [person for person in read_contacts(who) if person.name or person.phones]
    numbers = [Person(phones=[phone])] if _MOBILE.fullmatch(phone) else read_contacts(phone)
    notes = []
    if who and not people:
        notes.append("unreadable_contact")
    if any(person.name and person.phones for person in numbers):  # a cell of numbers may name the people, too
        numbers = [person for person in numbers if person.phones]
        names = {person.name for person in numbers}
        people = [person for person in people if person.name not in names] + numbers
    elif phones := [number for person in numbers for number in person.phones]:
        people = _with_phones(people, phones, numbers)
        if 1 < len(people) != len(phones):
            notes.append("phones_unassigned")
    elif phone:
        notes.append("unreadable_contact")
    if any(not person.name for person in people):
        notes.append("no_contact_name")
    return tuple(_with_positions(people, position)), tuple(notes)


def _with_phones(people: list[Person], phones: list[str], numbers: list[Person]) -> list[Person]:
    shared = {
        "same_wechat": any(person.same_wechat for person in numbers),
        "note": " ".join(person.note for person in numbers if person.note),
    }
    if not people:
        return [Person(phones=phones, **shared)]
    if len(people) == len(phones):
        return [_adding(person, [number], **shared) for person, number in zip(people, phones, strict=True)]
    return [_adding(people[0], phones, **shared), *people[1:]]


def _adding(person: Person, phones: list[str], same_wechat: bool, note: str) -> Person:
    return replace(
        person,
        phones=list(dict.fromkeys([*person.phones, *phones])),
        same_wechat=person.same_wechat or same_wechat,
        note=" ".join(part for part in (person.note, note) if part),
    )


def _with_positions(people: list[Person], position: str) -> list[Person]:
    """Positions from a column of their own, in order, where the name's cell gave none."""
    positions = split_list(position) if position else ()
    if len(positions) not in (1, len(people)):
        return people
    return [
        replace(person, position=positions[at]) if at < len(positions) and not person.position else person
        for at, person in enumerate(people)
    ]
