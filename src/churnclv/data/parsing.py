"""From text to ids, dates and exact amounts, as engine expressions; what cannot be read becomes null, never a guess."""

from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import ibis
import ibis.expr.datatypes as dt

from ..errors import InputError, require
from .settings import DataSettings, Decimal

AMOUNT = "decimal(18, 4)"
_WIDE = "decimal(38, 4)"
_MONTHS = 12
_TIME = r"([T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?)?"
_OFFSET = r"\s?(Z|[+-]\d{2}(:?\d{2})?)$"
SHAPES = {
    "iso": rf"^\d{{4}}-\d{{1,2}}-\d{{1,2}}{_TIME}$",
    "iso_offset": rf"^\d{{4}}-\d{{1,2}}-\d{{1,2}}[T ]\d{{1,2}}:\d{{2}}(:\d{{2}}(\.\d+)?)?{_OFFSET}",
    "compact": r"^\d{8}$",
    "year_first": rf"^\d{{4}}[/.]\d{{1,2}}[/.]\d{{1,2}}{_TIME}$",
    "day_month": rf"^\d{{1,2}}[/.-]\d{{1,2}}[/.-]\d{{4}}{_TIME}$",
}
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f")
_SYMBOLS = r"[€$£¥₹]|\b(EUR|USD|GBP|CHF|JPY)\b"
_CODES = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY"}
_COMMA = r"^-?(\d{1,3}(\.\d{3})+|[^.]*),[^.,]*$"  # 1.234.567,89: groups of three, or none
_POINT = r"^-?\d{1,3}(,\d{2,3})*,\d{3}(\.[^.,]*)?$"  # 1,234,567.89 and, in India, 12,34,567.89
_BLANKS = r"[\s\x{00A0}\x{202F}]"


@ibis.udf.scalar.builtin(name="try_strptime", signature=((dt.string, dt.Array(dt.string)), dt.timestamp))
def try_strptime(text: Any, formats: Any) -> Any:
    """DuckDB's own: the first format that fits, else null."""


@ibis.udf.scalar.builtin(name="timezone", signature=((dt.string, dt.Timestamp(timezone="UTC")), dt.timestamp))
def at_zone(zone: Any, instant: Any) -> Any:
    """DuckDB's own: the local time in `zone` at an instant."""


def check_settings(connection: Any, settings: DataSettings) -> None:
    """Raise `InputError` for a time zone, date format or pattern that the engine cannot use."""
    trials = {
        "timezone": (at_zone(settings.timezone, ibis.timestamp("2011-09-09T00:00:00Z")), "name it like Europe/Rome."),
        "date_format": (try_strptime("", [settings.date_format]), "write it like '%d.%m.%y %H:%M'."),
        "refund_order_pattern": (
            ibis.literal("").re_search(settings.refund_order_pattern or ""),
            "write a regular expression such as '^C'.",
        ),
    }
    for name, (trial, remedy) in trials.items():
        if getattr(settings, name) == getattr(DataSettings, name):
            continue
        try:
            connection.execute(trial)
        except duckdb.Error as error:
            reason = str(error).strip().split("\n", 1)[0]
            raise InputError(f"data.{name}={getattr(settings, name)}: {reason}", remedy=remedy) from None


def clean_id(text: Any, missing_tokens: list[str]) -> Any:
    """Return the id without surrounding blanks; null where it is empty or says that it is missing."""
    trimmed = text.re_replace(rf"^{_BLANKS}+|{_BLANKS}+$", "")
    missing = (trimmed == "") | trimmed.lower().isin([token.lower() for token in missing_tokens])
    return missing.fill_null(True).ifelse(ibis.null("string"), trimmed)


def date_shape(text: Any) -> Any:
    """Return the name in `SHAPES` of the way a date is written; null where none fits."""
    trimmed = text.strip()
    return ibis.cases(*[(trimmed.re_search(rule), name) for name, rule in SHAPES.items()], else_=ibis.null("string"))


def choose_day_first(cells: Any, column: str, settings: DataSettings, origin: str) -> bool:
    """Return whether 03/04/2011 is the third of April, from the cells in which only one reading is possible.

    `cells` has one column, `text`; `column` is the name that messages give it.

    Raises:
        InputError: no row decides, or rows decide both ways.
    """
    if settings.day_first is not None:
        return settings.day_first
    first, second = (cells.text.strip().re_extract(r"^(\d{1,2})[/.-](\d{1,2})[/.-]\d{4}", part) for part in (1, 2))
    numbers = cells.select(first=first.try_cast("int64"), second=second.try_cast("int64"))
    counts = numbers.aggregate(
        all=numbers.first.count(), day=(numbers.first > _MONTHS).sum(), month=(numbers.second > _MONTHS).sum()
    ).execute()
    rows, day, month = (int(counts[name].fillna(0).iloc[0]) for name in ("all", "day", "month"))
    remedy = f"say which with {settings.where}.day_first=true or {settings.where}.day_first=false."
    require(
        not (rows and day == month == 0),
        f"{origin}: column {column!r}: days and months cannot be told apart.",
        remedy=remedy,
    )
    both = f"{origin}: column {column!r}: {day} rows are day first and {month} rows are month first."
    require(not (day and month), both, remedy=remedy)
    return day > 0


def parse_date(text: Any, shape: Any, day_first: bool, settings: DataSettings) -> Any:
    """Return the timestamp in the shop's own time zone, without a zone; null where the text is no date."""
    trimmed = text.strip()
    if settings.date_format != "auto":
        return try_strptime(trimmed, [settings.date_format])
    naive = trimmed.replace("T", " ")
    slashed = naive.re_replace(r"^(\d{1,2})[/.-](\d{1,2})[/.-]", r"\1/\2/")
    order = "%d/%m/%Y" if day_first else "%m/%d/%Y"
    instant = _spell_out(trimmed).try_cast(dt.Timestamp(timezone="UTC"))
    return ibis.cases(
        (shape == "iso", naive.try_cast("timestamp")),
        (shape == "iso_offset", at_zone(settings.timezone, instant)),
        (shape == "compact", try_strptime(trimmed, ["%Y%m%d"])),
        (shape == "year_first", naive.re_replace(r"[/.](\d{1,2})[/.]", r"-\1-").try_cast("timestamp")),
        (shape == "day_month", try_strptime(slashed, [order + clock for clock in _CLOCKS])),
        else_=ibis.null("timestamp"),
    )


def _spell_out(text: Any) -> Any:
    """Return 10:00 +0200 as 10:00:00+02:00, the one way in which the engine reads an offset."""
    joined = text.re_replace(r"\s(Z|[+-])", r"\1")
    timed = joined.re_replace(r"([T ]\d{1,2}:\d{2})(Z|[+-])", r"\1:00\2")
    return timed.re_replace(r"([+-]\d{2})(\d{2})$", r"\1:\2")


def bound(text: str | None, default: datetime, name: str) -> datetime:
    """Return a configured date as a datetime."""
    if text is None:
        return default
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"{name}={text} is not a date.", remedy="write it as 2011-09-09.") from None
    local = date.tzinfo is None
    require(local, f"{name}={text} carries an offset from UTC.", remedy="write it in data.timezone, as 2011-09-09.")
    return date


def latest_moment(settings: DataSettings) -> datetime:
    """Return the moment after which a date is in the future: `data.latest`, or a day from now."""
    return bound(settings.latest, datetime.now(UTC).replace(tzinfo=None) + timedelta(days=1), "data.latest")


def currency(text: Any) -> Any:
    """Return the code of the currency inside an amount; empty where there is none."""
    return text.upper().re_extract(_SYMBOLS, 0).substitute(_CODES)


def bare_number(text: Any) -> Any:
    """Return an amount without currency and blanks; (12.00) and 12.00- become -12.00."""
    bare = text.upper().re_replace(_SYMBOLS, "").re_replace(rf"{_BLANKS}|'", "")
    return bare.re_replace(r"^\((.+)\)$", r"-\1").re_replace(r"^([^-].*)-$", r"-\1").re_replace(r"^\+", "")


def decimal_evidence(number: Any) -> dict[str, Any]:
    """Return whether a number's text shows a decimal comma, a decimal point, or can be read either way."""
    return {
        "comma": number.re_search(r",\d{1,2}$|\.\d{3},|,\d{4,}$"),
        "point": number.re_search(r"\.\d{1,2}$|,\d{3}\.|\.\d{4,}$"),
        "either": number.re_search(r"^-?\d{1,3},\d{3}$"),
    }


def choose_decimal(raw: Any, role: str, settings: DataSettings, origin: str) -> Decimal:
    """Return the file's decimal sign, from the amounts in which only one reading is possible.

    Raises:
        InputError: amounts such as 1,234 could be read either way and no row decides.
    """
    if settings.decimal is not Decimal.auto:
        return settings.decimal
    counts = raw.select(**decimal_evidence(bare_number(raw[role])))
    sums = counts.aggregate(**{name: counts[name].sum() for name in counts.columns}).execute().fillna(0).iloc[0]
    undecided = sums["either"] > 0 and sums["comma"] == sums["point"] == 0
    column = settings.columns.mapped()[role]
    example = f"{origin}: column {column!r}: {int(sums['either'])} amounts such as 1,234 can be read two ways."
    require(
        not undecided,
        example,
        remedy=f"say which with {settings.where}.decimal=point or {settings.where}.decimal=comma.",
    )
    return Decimal.comma if sums["comma"] > sums["point"] else Decimal.point


def uses_comma(number: Any, decimal: Decimal) -> Any:
    """Return whether the comma is the decimal sign of a number's text."""
    last_comma = number.re_search(r",[^.,]*$")
    alone = ~number.contains(".") & ~number.re_search(r",.*,")
    certain = last_comma & (number.contains(".") | number.re_search(r",(\d{1,2}|\d{4,})$")) & ~number.re_search(r",.*,")
    return certain | (last_comma & alone & ibis.literal(decimal is Decimal.comma))


def parse_amount(text: Any, decimal: Decimal) -> Any:
    """Return the exact decimal that an amount's text says; null where it says none."""
    return plain_number(text, decimal).try_cast(AMOUNT)  # a text that still holds a comma is no number


def plain_number(text: Any, decimal: Decimal) -> Any:
    """Return the text of a number with a decimal point and without other signs, where the text is a number."""
    number = bare_number(text)
    comma = number.re_search(_COMMA).ifelse(number.replace(".", "").replace(",", "."), number)
    grouped = ibis.literal(decimal is Decimal.comma) & number.re_search(r"^-?\d{1,3}(\.\d{3})+$")
    point = number.re_search(_POINT).ifelse(number.replace(",", ""), number)
    return uses_comma(number, decimal).ifelse(comma, grouped.ifelse(number.replace(".", ""), point))


def multiply(price: Any, quantity: Any) -> Any:
    """Return price x quantity; null where it exceeds what an amount can hold."""
    return (price.cast(_WIDE) * quantity.cast(_WIDE)).try_cast(AMOUNT)


def is_non_finite(text: Any) -> Any:
    """Return whether an amount's text is NaN or an infinity."""
    return text.strip().lower().re_search(r"^[+-]?(nan|inf|infinity)$").fill_null(False)
