"""Companies, branches, departments; accounts, roles and logins."""

import datetime as dt

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, User

from context7.core.models import Branch, Company, Department, SystemSetting
from context7.users.models import LoginEvent, Role, RoleAssignment, UserProfile

from .names import CITIES, DEPARTMENTS, FIRST_NAMES, LAST_NAMES
from .world import DAYS, NOW, World

FOUNDED = NOW - dt.timedelta(days=DAYS + 200)
ASCII = str.maketrans("çğıöşüÇĞİÖŞÜ", "cgiosuCGIOSU")


def seed_accounts(world: World, admin_password: str | None) -> None:
    """Django users. Nobody has a usable password, except ``admin`` when one is given."""

    def users() -> list[dict[str, object]]:
        rows: list[dict[str, object]] = []
        for key in world.ids(User):
            first, last = world.pick(FIRST_NAMES), world.pick(LAST_NAMES)
            name = "admin" if key == 1 else f"{first}.{last}.{key}".translate(ASCII).lower()
            rows.append(
                {
                    "username": name,
                    "first_name": first,
                    "last_name": last,
                    "email": f"{name}@context7.example",
                    # No random suffix as make_password(None) adds: two seedings give the same data.
                    "password": make_password(admin_password) if key == 1 and admin_password else "!",
                    "is_superuser": key == 1,
                    "is_staff": key <= 10,
                    "is_active": key <= 3 or world.random.random() < 0.93,
                    "date_joined": FOUNDED + dt.timedelta(days=world.random.randrange(DAYS)),
                    "last_login": world.moment() if world.random.random() < 0.8 else None,
                }
            )
        return rows

    world.add(User, users())
    world.add(Group, ({"name": name} for name in ("Sales", "Production", "Quality")))


def seed_organisation(world: World) -> None:
    """The group and its two companies."""
    world.add(
        Company,
        (
            {
                "code": code,
                "name": name,
                "legal_name": legal,
                "tax_number": tax,
                "city": city,
                "parent_id": parent,
                "created_at": FOUNDED,
            }
            for code, name, legal, tax, city, parent in (
                ("C7", "Context7 Makina", "Context7 Makina Sanayi ve Ticaret A.Ş.", "2110457781", "Bursa", None),
                ("C7S", "Context7 Servis", "Context7 Servis Hizmetleri Ltd. Şti.", "2110457799", "İstanbul", 1),
            )
        ),
    )
    users = world.ids(User)
    world.add(
        Branch,
        (
            {
                "company_id": 1 if key != 3 else 2,
                "code": f"B{key:02d}",
                "name": f"{CITIES[(key * 5 - 4) % len(CITIES)]} {'plant' if key == 1 else 'branch'}",
                "kind": "plant" if key == 1 else world.pick(("depot", "office")),
                "city": CITIES[(key * 5 - 4) % len(CITIES)],
                "created_at": FOUNDED,
            }
            for key in world.ids(Branch)
        ),
    )
    world.add(
        Department,
        (
            {
                "company_id": 1,
                "code": f"D{key:02d}",
                "name": DEPARTMENTS[(key - 1) % len(DEPARTMENTS)],
                "parent_id": None if key == 1 else 1 if key <= len(DEPARTMENTS) else world.random.randrange(2, key),
                "branch_id": world.pick(world.ids(Branch)),
                "manager_id": world.pick(users),
                "created_at": FOUNDED,
            }
            for key in world.ids(Department)
        ),
    )
    settings = (
        ("seed.scale", world.scale, "What seed_erp filled this database with"),
        ("sales.quotation_days", 30, "How long an offer is valid"),
        ("stock.negative_allowed", False, "May stock go below zero"),
    )
    world.add(
        SystemSetting,
        ({"key": key, "value": value, "description": text} for key, value, text in settings),
    )


def seed_users(world: World) -> None:
    """Profiles, roles, logins."""
    users = world.ids(User)
    world.add(
        UserProfile,
        (
            {
                "user_id": user,
                "company_id": world.company(),
                "title": world.pick(("Engineer", "Manager", "Clerk", "Technician", "Operator")),
                "phone": f"+90 5{world.random.randrange(10**8, 10**9)}",
                "language": world.weighted({"tr": 9, "en": 1}),
                "preferences": {"theme": world.pick(("light", "dark")), "page_size": world.pick((25, 50, 100))},
            }
            for user in world.ids(UserProfile)
        ),
    )
    titles = ("Administrator", "Planner", "Inspector")
    world.add(
        Role,
        (
            {"company_id": 1, "code": f"R{key:02d}", "name": f"{titles[key % 3]} {key}", "created_at": FOUNDED}
            for key in world.ids(Role)
        ),
    )
    world.add(
        RoleAssignment,
        (
            {"user_id": user, "role_id": world.pick(world.ids(Role)), "granted_by_id": 1, "granted_at": FOUNDED}
            for user in world.ids(RoleAssignment)
        ),
    )
    world.add(
        LoginEvent,
        (
            {
                "user_id": user,
                "succeeded": world.random.random() < 0.96,
                "ip_address": f"10.7.{world.random.randrange(8)}.{world.random.randrange(2, 250)}",
                "user_agent": world.pick(("Firefox/128", "Chrome/126", "Edge/125", "Context7 Mobile/2.2")),
                "occurred_at": moment,
            }
            for user, moment in zip(
                world.skewed(users, world.count(LoginEvent)),
                world.moments(world.count(LoginEvent)),
                strict=True,
            )
        ),
    )
