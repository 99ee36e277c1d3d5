"""Role choice: which column plays which role, how sure that is, and why.

Names and cells are two witnesses. A role is `sure` only if the column's whole name stands for it, its cells fit, and no
other column has as good a claim. Cells alone, or a part of a name, make it `likely`; among several it is a `guess`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from ..currencies import looks_like_currency
from ..settings import MISSING_TOKENS, OPEN_TOKENS
from .column_names import STRONG, is_other_money, is_other_thing, name_evidence, plain_name
from .column_profile import NEARLY_ALL, ColumnProfile
from .column_relations import Relations

_IDS = ("customer_id", "order_id", "session_id", "contract_id")
_MOST_CATEGORIES, _MOST_CHANNELS, _MOST_KINDS = 500, 60, 40
_MOST_TERM_MONTHS = 120
_CLASSES = 2
_SPLITS = {"train", "test", "training", "testing", "valid", "validation", "holdout"}
_OPEN = {
    token.lower()
    for token in (*OPEN_TOKENS, "null", "nan", "nat", "none", "n/a", "na", "attivo", "aktiv", "actif", "activo")
}
_EVENT_ROLES = ("item", "category", "channel", "session_id", "currency")


class Confidence(Enum):
    """How sure a role is."""

    sure = "sure"
    likely = "likely"
    guess = "guess"


@dataclass(frozen=True)
class RoleChoice:
    """A role, the column that plays it, how sure that is, and why."""

    role: str
    column: str
    confidence: Confidence
    reasons: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Claim:
    """A column's claim to a role: the evidence of its name, how well its cells fit, 0..1, and what they show."""

    column: str
    named: float
    fit: float
    shows: str

    @property
    def strength(self) -> float:
        """The claim's rank among others."""
        return 2.0 * self.named + self.fit


class Roles:
    """The columns of one table, and what each may be; a column plays one role."""

    def __init__(self, profiles: dict[str, ColumnProfile], relations: Relations) -> None:
        """Keep the profiles, and the relations between columns."""
        self.profiles, self.relations = profiles, relations
        self.chosen: dict[str, RoleChoice] = {}

    def column(self, role: str) -> str | None:
        """Return the column of a role."""
        return self.chosen[role].column if role in self.chosen else None

    @property
    def taken(self) -> set[str]:
        """The columns that have a role."""
        return {choice.column for choice in self.chosen.values()}

    def claims(self, role: str, *, least_named: float = 0.1) -> list[Claim]:
        """Return the claims of free columns to a role, the strongest first; of equal ones, in the order of the file."""
        made = [self.claim(role, profile) for name, profile in self.profiles.items() if name not in self.taken]
        kept = [claim for claim in made if claim.fit > 0 and claim.named >= least_named]
        return sorted(kept, key=lambda claim: -claim.strength)

    def claim(self, role: str, profile: ColumnProfile) -> Claim:
        """Return a column's claim to a role."""
        fit, shows = _FITS[role](profile)
        return Claim(profile.name, name_evidence(profile.name, role), fit, shows)

    def take(
        self, role: str, claim: Claim, rivals: list[Claim], *checks: str, at_most: Confidence = Confidence.sure
    ) -> None:
        """Give a role to a column; `checks` are further reasons, `rivals` the other claims."""
        others = [rival for rival in rivals if rival.column != claim.column]
        strong = [rival.column for rival in others if rival.named >= STRONG and rival.fit >= NEARLY_ALL]
        confidence = Confidence.guess
        if claim.named >= STRONG and claim.fit >= NEARLY_ALL and not strong:
            confidence = Confidence.sure
        elif claim.named > 0 or not [rival for rival in others if rival.fit >= claim.fit]:
            confidence = Confidence.likely
        if at_most is not Confidence.sure and confidence is Confidence.sure:
            confidence = at_most
        if at_most is Confidence.guess:
            confidence = at_most
        named = {True: "its name", False: "a part of its name"}[claim.named >= STRONG]
        reasons = [named] if claim.named else []
        reasons += [claim.shows] if claim.shows else []
        reasons += [*checks]
        reasons += [f"also possible: {', '.join(repr(name) for name in strong[:3])}"] if strong else []
        self.chosen[role] = RoleChoice(role, claim.column, confidence, tuple(reasons))

    def choose(self, role: str, **options: Confidence) -> bool:
        """Give a role to the column with the strongest claim by name; return whether there is one."""
        claims = self.claims(role)
        if claims:
            self.take(role, claims[0], claims, **options)
        return bool(claims)


def choose_customer(roles: Roles, date: str | None) -> None:
    """Choose the column of customers; in a log (`date` is a column) ids come back on other days."""
    claims = roles.claims("customer_id")
    if claims:
        best = max(claims, key=lambda claim: (claim.strength, not _is_mail(roles.profiles[claim.column])))
        rivals = [claim for claim in claims if not _is_mail(roles.profiles[claim.column])]
        rivals = rivals if best in rivals else claims
        returning = None if date is None else roles.relations.returning_share(best.column, date)
        checks = () if returning is None else (f"{returning:.0%} of its values come back on another day",)
        doubtful = best.named < STRONG and returning == 0.0
        roles.take("customer_id", best, rivals, *checks, at_most=Confidence.guess if doubtful else Confidence.sure)
        return
    _choose_customer_by_cells(roles, date)


def _choose_customer_by_cells(roles: Roles, date: str | None) -> None:
    """Choose among columns whose names say nothing: the one of most values that come back on other days."""
    claims = [
        claim
        for claim in roles.claims("customer_id", least_named=0.0)
        if not any(name_evidence(claim.column, role) for role in _FITS) and not is_other_money(claim.column)
    ]
    if date is None:
        unique = [claim for claim in claims if roles.profiles[claim.column].is_unique]
        text = [claim for claim in unique if not roles.profiles[claim.column].is_number] or unique
        if text:
            roles.take("customer_id", text[0], unique, "no value occurs twice", at_most=Confidence.likely)
        return
    shares = {claim.column: roles.relations.returning_share(claim.column, date) for claim in claims}
    back = [claim for claim in claims if shares[claim.column] >= 0.02]  # noqa: PLR2004 # of an order id, nearly none
    mails = [claim for claim in back if _is_mail(roles.profiles[claim.column])]
    ranked = sorted(mails or back, key=lambda claim: -roles.profiles[claim.column].distinct)
    if ranked:
        best = ranked[0]
        share = f"{shares[best.column]:.0%} of its values come back on another day"
        alone = bool(mails) or len(ranked) == 1
        roles.take("customer_id", best, ranked, share, at_most=Confidence.likely if alone else Confidence.guess)


def _is_mail(profile: ColumnProfile) -> bool:
    return profile.share("mail") >= NEARLY_ALL


def choose_date(roles: Roles, role: str = "timestamp") -> None:
    """Choose the column of dates: by name, or the only one."""
    claims = roles.claims(role, least_named=0.0)
    named = [claim for claim in claims if claim.named > 0]
    if named:
        roles.take(role, named[0], named)
    elif claims:
        several = len(claims) > 1
        best = max(claims, key=lambda claim: roles.profiles[claim.column].distinct)
        shows = (
            "the only column of dates" if not several else f"one of {len(claims)} columns of dates, with most values"
        )
        roles.take(role, best, claims, shows, at_most=Confidence.guess if several else Confidence.likely)


def choose_contract_dates(roles: Roles) -> bool:
    """Choose start and end of contracts, if two columns of dates are in that order; return whether they are."""
    ends = roles.claims("end", least_named=0.0)
    starts = {claim.column: claim for claim in roles.claims("start", least_named=0.0)}
    for claim in roles.claims("timestamp"):
        if claim.column in starts and not starts[claim.column].named:
            starts[claim.column] = Claim(claim.column, 0.5, claim.fit, claim.shows)
    pairs = [
        (start, end)
        for start in starts.values()
        for end in ends
        if start.column != end.column
        and roles.profiles[start.column].filled_share >= NEARLY_ALL
        and (end.named > 0 or (_may_end(roles.profiles[end.column]) and start.named > 0))
    ]
    for start, end in sorted(pairs, key=lambda pair: -(pair[0].strength + pair[1].strength)):
        ordered = roles.relations.ordered_share(start.column, end.column)
        if ordered >= NEARLY_ALL or (ordered > 0.5 and end.named >= STRONG):  # noqa: PLR2004 # names decide
            check = f"{ordered:.0%} of the ends are not before the start"
            roles.take("start", start, [claim for claim in starts.values() if claim.column != end.column])
            roles.take("end", end, [claim for claim in ends if claim.column != start.column], check)
            return True
    return False


def _may_end(profile: ColumnProfile) -> bool:
    """Return whether a column of dates may be that of ends whatever its name, which is not that of another thing."""
    return profile.filled_share < 1 and not is_other_thing(profile.name)


def choose_order(roles: Roles, date: str, customer: str) -> bool:
    """Choose the column of orders, whose rows are of one customer and one day; return whether it has lines."""
    for claim in (claims := roles.claims("order_id")):
        one = roles.relations.one_order_share(claim.column, customer, date)
        if one < 0.7:  # noqa: PLR2004 # a customer's name, a product
            continue
        lines = roles.relations.rows_per_value(claim.column)
        check = f"{one:.0%} of its values are of one customer and one day, {lines:.1f} rows each"
        sure = Confidence.sure if one >= 0.95 and len(plain_name(claim.column)) > len("name") else Confidence.likely  # noqa: PLR2004
        roles.take("order_id", claim, claims, check, at_most=sure)
        return has_lines(roles.relations, claim.column)
    return False


def has_lines(relations: Relations, order: str) -> bool:
    """Return whether the rows of a column of orders are lines of them."""
    return relations.rows_per_value(order) > 1.05  # noqa: PLR2004 # a few orders of two lines are lines too


def choose_money(roles: Roles) -> None:
    """Choose the amount, or price and quantity: amount = price x quantity; nothing where no column is money."""
    amounts, prices = roles.claims("amount"), roles.claims("price")
    quantities = roles.claims("quantity")
    if amounts and (amounts[0].named >= STRONG or not (prices and quantities)):
        roles.take("amount", amounts[0], amounts)
        if quantities:
            roles.take("quantity", quantities[0], quantities)
        return
    if prices and quantities:  # a column that may be the amount leaves a doubt
        roles.take("price", prices[0], prices, at_most=Confidence.likely if amounts else Confidence.sure)
        quantities = [claim for claim in quantities if claim.column != prices[0].column]
        if quantities:
            roles.take("quantity", quantities[0], quantities)
            return
        del roles.chosen["price"]
    if prices:
        roles.take("amount", prices[0], prices, "no column of quantities", at_most=Confidence.likely)
        return
    _choose_money_by_cells(roles)
    if quantities and quantities[0].column not in roles.taken:
        roles.take("quantity", quantities[0], quantities)


def _choose_money_by_cells(roles: Roles) -> None:
    """Choose a column of numbers with decimals or a currency sign, whose name says nothing else."""
    free = [profile for name, profile in roles.profiles.items() if name not in roles.taken and not profile.is_date]
    money = [
        roles.claim("amount", profile)
        for profile in free
        if profile.is_number
        and (profile.currency or not profile.is_whole)
        and not is_other_money(profile.name)
        and not any(name_evidence(profile.name, role) for role in ("quantity", "term_months", "target"))
    ]
    if money:
        several = len(money) > 1
        signs = [claim for claim in money if roles.profiles[claim.column].currency]
        best = (signs or money)[0]
        roles.take("amount", best, money, at_most=Confidence.guess if several and not signs else Confidence.likely)


def choose_rest(roles: Roles, wanted: tuple[str, ...]) -> None:
    """Choose the columns of further roles by name."""
    for role in wanted:
        if role not in roles.chosen:
            roles.choose(role)


def choose_event_columns(roles: Roles) -> None:
    """Choose what else a row of a log says: item, category, channel, visit, currency."""
    choose_rest(roles, _EVENT_ROLES)


def open_tokens(profile: ColumnProfile) -> list[str]:
    """Return the texts of a column of ends that mean an open contract and are not known as such without a setting."""
    known = {token.lower() for token in (*OPEN_TOKENS, *MISSING_TOKENS)}
    texts = [text.strip() for text in profile.texts]
    return sorted({text for text in texts if text.lower() in _OPEN - known})


def choose_target(roles: Roles, least_named: float) -> bool:
    """Choose the column of outcomes: two values, and a name that says who left; return whether there is one."""
    claims = [claim for claim in roles.claims("target") if claim.named >= least_named]
    if claims:
        roles.take("target", claims[0], claims)
    return bool(claims)


# How well cells fit each role: the fit, 0..1, and what they show.


def _fits_id(profile: ColumnProfile) -> tuple[float, str]:
    fractional = profile.is_number and not profile.is_whole and not profile.share("padded")
    if profile.is_date or fractional or profile.distinct < 1 or profile.currency:
        return 0.0, ""
    if profile.filled_share < 0.2:  # noqa: PLR2004 # nearly blank
        return 0.0, ""
    form = "e-mail addresses" if _is_mail(profile) else "ids"
    return 1.0, f"{profile.distinct:,} different {form}"


def _fits_date(profile: ColumnProfile) -> tuple[float, str]:
    return (profile.filled_share, "dates") if profile.is_date else (0.0, "")


def _fits_end(profile: ColumnProfile) -> tuple[float, str]:
    facts = profile.text.facts
    texts = facts.index.to_series().astype(str)
    is_open = texts.str.strip().str.lower().isin(_OPEN)
    dated = float(facts["count"][facts["date"].astype(bool)].sum())
    total = float(facts["count"][~is_open.to_numpy()].sum())
    if profile.is_date:
        return 1.0, "dates" if profile.filled_share == 1 else "dates, blank while open"
    if total and dated / total >= NEARLY_ALL:
        tokens = ", ".join(repr(token) for token in texts[is_open.to_numpy()][:3])
        return 1.0, f"dates, or {tokens} while open"
    return 0.0, ""


def _fits_money(profile: ColumnProfile) -> tuple[float, str]:
    if not profile.is_number or profile.is_date:
        return 0.0, ""
    sign = f" in {profile.currency}" if profile.currency else ""
    return (1.0 if profile.currency or not profile.is_whole else 0.95), f"numbers{sign}"


def _fits_quantity(profile: ColumnProfile) -> tuple[float, str]:
    fits = profile.is_number and not profile.is_date and not profile.currency
    return (1.0 if profile.is_whole else 0.7, "whole numbers" if profile.is_whole else "numbers") if fits else (0.0, "")


def _few_texts(most: int) -> Callable[[ColumnProfile], tuple[float, str]]:
    def fits(profile: ColumnProfile) -> tuple[float, str]:
        few = 1 <= profile.distinct <= most and not profile.is_date
        fractional = profile.is_number and not profile.is_whole
        return (1.0, f"{profile.distinct:,} different values") if few and not fractional else (0.0, "")

    return fits


def _fits_item(profile: ColumnProfile) -> tuple[float, str]:
    fractional = profile.is_number and not profile.is_whole
    fits = profile.distinct >= 1 and not profile.is_date and not fractional and not _is_mail(profile)
    return (1.0, f"{profile.distinct:,} different values") if fits else (0.0, "")


def _fits_currency(profile: ColumnProfile) -> tuple[float, str]:
    fits = profile.texts and all(looks_like_currency(text) for text in profile.texts)
    return (1.0, ", ".join(profile.shown)) if fits else (0.0, "")


def _fits_term(profile: ColumnProfile) -> tuple[float, str]:
    fits = profile.is_number and profile.is_whole and not profile.is_date and len(profile.values)
    return (1.0, "whole months") if fits and profile.values.max() <= _MOST_TERM_MONTHS else (0.0, "")


def _fits_target(profile: ColumnProfile) -> tuple[float, str]:
    shown = " and ".join(repr(text) for text in profile.shown)
    return (1.0, f"two values, {shown}") if profile.distinct == _CLASSES and not profile.is_date else (0.0, "")


def _fits_split(profile: ColumnProfile) -> tuple[float, str]:
    fits = {text.strip().lower() for text in profile.texts} <= _SPLITS and profile.distinct == _CLASSES
    return (1.0, "train and test") if fits else (0.0, "")


_FITS: dict[str, Callable[[ColumnProfile], tuple[float, str]]] = {
    **dict.fromkeys(_IDS, _fits_id),
    **dict.fromkeys(("timestamp", "start"), _fits_date),
    "end": _fits_end,
    **dict.fromkeys(("amount", "price"), _fits_money),
    "quantity": _fits_quantity,
    "item": _fits_item,
    "category": _few_texts(_MOST_CATEGORIES),
    "channel": _few_texts(_MOST_CHANNELS),
    "kind": _few_texts(_MOST_KINDS),
    "plan": _few_texts(_MOST_CHANNELS),
    "reason": _few_texts(_MOST_CATEGORIES),
    "currency": _fits_currency,
    "term_months": _fits_term,
    "target": _fits_target,
    "split": _fits_split,
}
