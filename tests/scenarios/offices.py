"""Random offices: a district, one or two bureaus, their sections, people and indicators."""

import random
from datetime import date, timedelta
from typing import Any

Data = dict[str, Any]
DISTRICTS = ("龙湾区", "鹿城区", "瓯海区", "洞头区", "江北区", "海曙区")
BEGINNING = date(2009, 1, 1)


class Staff:
    """People and appointments as they are hired."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.people: list[Data] = []
        self.appointments: list[Data] = []

    def hire(self, person: str) -> str:
        """Somebody new."""
        name = f"{person}甲"
        self.people.append({"id": person, "name": name, "email": f"{person}@office.example"})
        return person

    def appoint(self, person: str, role: str, unit: str, change: date | None = None) -> None:
        """Give somebody a role, with a successor from a given day on."""
        first = {"person": person, "role": role, "unit": unit, "from": BEGINNING}
        self.appointments.append(first)
        if change is not None:
            first["to"] = change - timedelta(days=1)
            heir = self.hire(f"{person}.{role}.heir")
            self.appointments.append({"person": heir, "role": role, "unit": unit, "from": change})


def random_office(rng: random.Random, *, large: bool) -> tuple[Data, list[dict[str, str]]]:
    """A configuration and its indicators; a large one has a bureau with more than ten indicators."""
    own, *sisters = rng.sample(DISTRICTS, 3)
    staff = Staff(rng)
    units: list[Data] = [{"code": "district", "name": own, "level": "root", "parent": None}]
    staff.appoint(staff.hire("district.assessor"), "assessor", "district")
    staff.hire("stranger")
    indicators: list[dict[str, str]] = []
    bureaus = 1 if large else rng.choice([1, 1, 1, 2])
    sections = 5 if large else rng.choices(range(2 * bureaus, 13), [1 / count for count in range(2 * bureaus, 13)])[0]
    for number in range(bureaus):
        bureau = f"bureau{number}" if bureaus > 1 else "bureau"
        units.append({"code": bureau, "name": f"区{bureau}局", "level": "district", "parent": "district"})
        mine = sections // bureaus
        leaders = add_bureau(rng, staff, bureau)
        for place in range(mine):
            section = f"{bureau}s{place}" if rng.random() < 0.5 else f"s{place}{bureau}"
            units.append({"code": section, "name": f"{section}科", "level": "bureau", "parent": bureau})
            add_section(rng, staff, section, rng.choice(leaders))
            add_indicators(rng, indicators, section, least=3 if large else 0)
    if rng.random() < 0.3:
        rng.shuffle(indicators)
    organisation = {"units": units, "people": staff.people, "appointments": staff.appointments}
    levels = {"bureau": {"due_day": 13}, "district": {"due_day": 15}}
    if rng.random() < 0.3:
        levels = {"bureau": {"due_day": rng.randint(10, 20)}, "district": {"due_day": rng.randint(12, 28)}}
    districts = {"own": own, "sisters": sisters}
    config = {"office": f"{own}某局", "timezone": "Asia/Shanghai", "language": "zh", "districts": districts}
    return {**config, "levels": levels, "organisation": organisation}, indicators


def changing(rng: random.Random) -> date | None:
    """The day on which somebody is followed by a successor."""
    if rng.random() < 0.9:
        return None
    return date(rng.randint(2010, 2025), rng.randint(1, 12), rng.randint(2, 28))


def add_bureau(rng: random.Random, staff: Staff, bureau: str) -> list[str]:
    """The bureau's people; answers its leaders."""
    staff.appoint(staff.hire(f"{bureau}.office"), "office", bureau, changing(rng))
    staff.appoint(staff.hire(f"{bureau}.assessor"), "assessor", bureau, changing(rng))
    staff.appoint(staff.hire(f"{bureau}.head"), "unit_head", bureau, changing(rng))
    staff.appoint(staff.hire(f"{bureau}.district.leader"), "district_leader", bureau, changing(rng))
    return [staff.hire(f"{bureau}.leader.{letter}") for letter in "abc"[: rng.randint(1, 3)]]


def add_section(rng: random.Random, staff: Staff, section: str, leader: str) -> None:
    """A section's people: sometimes two clerks, a head who also drafts, another liaison, a change."""
    clerk, head = staff.hire(f"{section}.clerk"), staff.hire(f"{section}.head")
    staff.appoint(clerk, "clerk", section, changing(rng))
    staff.appoint(head, "section_head", section, changing(rng))
    staff.appoint(leader, "leader", section)
    extra = rng.random()
    if extra < 0.15:
        staff.appoint(staff.hire(f"{section}.clerk2"), "clerk", section)
    elif extra < 0.25:
        staff.appoint(clerk, "section_head", section)
    elif extra < 0.3:
        staff.appoint(staff.hire(f"{section}.deputy"), "section_head", section)
    liaison = clerk if rng.random() < 0.8 else staff.hire(f"{section}.liaison")
    staff.appoint(liaison, "liaison", section)


def add_indicators(rng: random.Random, indicators: list[dict[str, str]], section: str, *, least: int) -> None:
    """One to four, seldom none."""
    for number in range(max(least, rng.choice([0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 4, 4]))):
        field = rng.choice([8, 9, 10, 11, 11, 11, 12, 13, 14])
        target = rng.randint(1, field - 2)
        code = f"{section}i{number}"
        indicators.append({
            "code": code, "name": f"指标 {code}" if rng.random() < 0.2 else f"指标{code}考评",
            "main_content": "月度考评得分", "lead_unit": section, "field": str(field), "target_rank": str(target),
            "year_end_target": f"全市前{target}",
        })  # fmt: skip
    if not indicators:
        add_indicators(rng, indicators, section, least=1)
