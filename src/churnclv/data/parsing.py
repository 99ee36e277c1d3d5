"""Parses text into ids, dates and exact amounts, as engine expressions; a text that cannot be parsed becomes null."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import ibis
import ibis.expr.datatypes as dt

from ..errors import InputError, require
from .compiled_queries import compiled
from .currencies import without_currency
from .settings import DataSettings, Decimal, Fold

AMOUNT = "decimal(18, 4)"
_WIDE = "decimal(38, 4)"
_MONTHS = 12
_TIME = r"([T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?)?"
_OFFSET = r"\s?(Z|UTC|GMT|[+-]\d{2}(:?\d{2})?)$"
SHAPES = {
    "iso": rf"^\d{{4}}-\d{{1,2}}-\d{{1,2}}{_TIME}$",
    "iso_offset": rf"^\d{{4}}-\d{{1,2}}-\d{{1,2}}[T ]\d{{1,2}}:\d{{2}}(:\d{{2}}(\.\d+)?)?{_OFFSET}",
    "compact": r"^\d{8}$",
    "year_first": rf"^\d{{4}}[/.]\d{{1,2}}[/.]\d{{1,2}}{_TIME}$",
    "day_month": rf"^\d{{1,2}}[/.-]\d{{1,2}}[/.-]\d{{4}}{_TIME}$",
}
STYLES = ("iso", "compact", "year_first", "day_month", "month_day")  # of dates, as `data.date_format` names them
COUNTS = {"epoch_s": 1.0, "epoch_ms": 1e-3, "epoch_us": 1e-6, "excel": 86400.0, "days": 86400.0}  # unit in seconds
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 # the engine's moments have no zone
_EXCEL_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 # shop time
_FIRST_SECOND, _LAST_SECOND = -62_135_596_800.0, 253_402_300_799.0  # the years 1 to 9999
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f")
_COMMA = r"^-?(\d{1,3}(\.\d{3})+|[^.]*),[^.,]*$"  # 1.234.567,89: groups of three, or none
_POINT = r"^-?[1-9]\d{0,2}(,\d{2,3})*,\d{3}(\.[^.,]*)?$"  # 1,234,567.89 and, in India, 12,34,567.89
_BLANKS = r"[\s\x{00A0}\x{2007}\x{2009}\x{202F}]"
_PLAIN = r"^-?[\d.,]+$"
_MARK = r"['\x{2019}]"  # of thousands, in Switzerland
_GROUPED = rf"^-?\d{{1,3}}(({_BLANKS}|{_MARK})\d{{2,3}})*({_BLANKS}|{_MARK})\d{{3}}([.,]\d*)?$"  # 1 234 567,89
_MINUS = r"[\x{2212}\x{FE63}\x{FF0D}]"
_INVISIBLE = (  # soft hyphens, joiners, marks of direction, zero-width blanks
    r"[\x{00AD}\x{034F}\x{061C}\x{180E}\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}-\x{2064}\x{2066}-\x{206F}"
    r"\x{FE0F}\x{FEFF}]"
)


@ibis.udf.scalar.builtin(name="try_strptime", signature=((dt.string, dt.Array(dt.string)), dt.timestamp))
def try_strptime(text: Any, formats: Any) -> Any:
    """DuckDB's `try_strptime`: the moment by the first format that fits, else null."""


@ibis.udf.scalar.builtin(name="nfc_normalize", signature=((dt.string,), dt.string))
def nfc_normalize(text: Any) -> Any:
    """DuckDB's `nfc_normalize`: letters and their accents composed to one character each."""


@ibis.udf.scalar.builtin(name="make_timestamp", signature=((dt.int64,), dt.timestamp))
def make_timestamp(microseconds: Any) -> Any:
    """DuckDB's `make_timestamp`: the moment so many microseconds after 1970-01-01."""


@ibis.udf.scalar.builtin(name="timezone", signature=((dt.string, dt.Timestamp(timezone="UTC")), dt.timestamp))
def at_zone(zone: Any, instant: Any) -> Any:
    """DuckDB's `timezone`: the local time in `zone` at an instant."""


def check_settings(connection: Any, settings: DataSettings) -> None:
    """Raise `InputError` for a time zone, date format or pattern that the engine cannot use."""
    trials = {
        "timezone": (at_zone(settings.timezone, ibis.timestamp("2011-09-09T00:00:00Z")), "name it like Europe/Rome."),
        "date_format": (
            try_strptime("", [settings.date_format]),
            f"write it like '%d.%m.%y %H:%M', or one of {', '.join((*STYLES, *COUNTS))}.",
        ),
        "refund_order_pattern": (
            ibis.literal("").re_search(settings.refund_order_pattern or ""),
            "write a regular expression such as '^C'.",
        ),
    }
    for name, (trial, remedy) in trials.items():
        if getattr(settings, name) in (getattr(DataSettings, name), *STYLES, *COUNTS):
            continue
        try:
            connection.execute(trial)
        except duckdb.Error as error:
            reason = str(error).strip().split("\n", 1)[0]
            raise InputError(f"data.{name}={getattr(settings, name)}: {reason}", remedy=remedy) from None


def clean_id(text: Any, settings: DataSettings) -> Any:
    """Return the id without surrounding blanks; null where it is empty or one of the tokens for a missing id.

    A whole number written as 1001.0 becomes 1001, and `data.fold_ids` is applied.
    """
    trimmed = trim_id(text)
    missing = (trimmed == "") | is_missing(trimmed, [*settings.missing_tokens, *settings.guest_ids])
    return missing.fill_null(True).ifelse(ibis.null("string"), fold_id(trimmed, settings.fold_ids))


def is_padded(text: Any) -> Any:
    """Return whether an id has blanks around it."""
    return text.re_search(rf"^{_BLANKS}|{_BLANKS}$")


def trim_id(text: Any) -> Any:
    """Return the id without surrounding blanks, and a whole number without its decimals of zero."""
    return text.re_replace(rf"^{_BLANKS}+|{_BLANKS}+$", "").re_replace(r"^(-?\d+)\.0$", r"\1")


def is_missing(text: Any, missing_tokens: list[str]) -> Any:
    """Return whether a text is one of the tokens: in any case for those in lower case, exactly for the others.

    R writes NA for a missing value, but na may be an id.
    """
    loose = [token for token in missing_tokens if token == token.lower()]
    return text.lower().isin(loose) | text.isin([token for token in missing_tokens if token not in loose])


def fold_id(text: Any, folds: Sequence[Fold]) -> Any:
    """Return the id with the given kinds of differences removed."""
    if Fold.invisible in folds:
        text = text.re_replace(_INVISIBLE, "").re_replace(rf"{_BLANKS}+", " ")
    if Fold.unicode in folds:
        text = nfc_normalize(text)
    return text.lower() if Fold.case in folds else text


def date_shape(text: Any) -> Any:
    """Return the name in `SHAPES` of the shape of a date; null where none fits."""
    trimmed = text.strip()
    return ibis.cases(*[(trimmed.re_search(rule), name) for name, rule in SHAPES.items()], else_=ibis.null("string"))


def choose_day_first(cells: Any, column: str, settings: DataSettings, origin: str) -> bool:
    """Return whether 03/04/2011 is the third of April, from the cells in which only one reading is possible.

    `cells` has one column, `text`; `column` is its name in messages.

    Raises:
        InputError: all dates can be read both ways, or some dates have only one reading and others only the other.
    """
    if settings.day_first is not None:
        return settings.day_first
    rows, day, month = count_orders_of_days(cells)
    remedy = f"set {settings.where}.day_first=true or {settings.where}.day_first=false."
    require(
        not (rows and day == month == 0),
        f"{origin}: column {column!r}: days and months cannot be distinguished.",
        remedy=remedy,
    )
    both = f"{origin}: column {column!r}: {day} rows are day first and {month} rows are month first."
    require(not (day and month), both, remedy=remedy)
    return day > 0


def confirm_day_first(cells: Any, trained: bool) -> bool:
    """Return `trained`, the order of training, unless the cells allow only the other order."""
    _, day, month = count_orders_of_days(cells)
    same, other = (day, month) if trained else (month, day)
    return trained if same or not other else not trained


def count_orders_of_days(cells: Any) -> tuple[int, int, int]:
    """Count the dates that begin with two short numbers, and those whose first or second number has to be the day."""
    counts = _count_days(cells).row()
    rows, day, month = (int(counts[name] or 0) for name in ("all", "day", "month"))
    return rows, day, month


@compiled
def _count_days(cells: Any) -> Any:
    first, second = (cells.text.strip().re_extract(r"^(\d{1,2})[/.-](\d{1,2})[/.-]\d{4}", part) for part in (1, 2))
    numbers = cells.select(first=first.try_cast("int64"), second=second.try_cast("int64"))
    return numbers.aggregate(
        all=numbers.first.count(), day=(numbers.first > _MONTHS).sum(), month=(numbers.second > _MONTHS).sum()
    )


def parse_date(text: Any, shape: Any, day_first: bool, settings: DataSettings) -> Any:
    """Return the timestamp in the shop's time zone, without a zone; null where the text is no date."""
    trimmed = text.strip()
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


def parse_chosen_date(text: Any, settings: DataSettings) -> Any:
    """Parse by `data.date_format`: a number counted from a moment, or a pattern of `strptime`."""
    trimmed, chosen = text.strip(), settings.date_format
    if chosen in COUNTS:
        first = bound(settings.day_zero, datetime(2000, 1, 1), "data.day_zero")  # noqa: DTZ001 # shop time
        zero = {"excel": _EXCEL_ZERO, "days": first}.get(chosen, _EPOCH)
        moment = _count_from(trimmed, COUNTS[chosen], zero)
        return at_zone(settings.timezone, moment.cast(dt.Timestamp(timezone="UTC"))) if zero is _EPOCH else moment
    return try_strptime(trimmed, [chosen])


def _count_from(text: Any, unit_seconds: float, zero: datetime) -> Any:
    """Return the moment so many units after `zero`, days to the second; null outside the years 1 to 9999."""
    number = text.replace(",", ".").try_cast("float64")
    seconds = number * unit_seconds
    rounded = seconds.round() if unit_seconds > 1 else seconds
    start = (zero - _EPOCH).total_seconds()
    inside = (rounded + start).between(_FIRST_SECOND, _LAST_SECOND)
    safe = inside.fill_null(False).ifelse(rounded + start, ibis.null("float64"))
    return make_timestamp((safe * 1e6).round().cast("int64"))


def _spell_out(text: Any) -> Any:
    """Return 10:00 +0200 as 10:00:00+02:00, the one form of offset that the engine parses."""
    joined = text.re_replace(r"\s?(UTC|GMT)$", "Z").re_replace(r"\s(Z|[+-])", r"\1")
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


def bare_number(text: Any) -> Any:
    """Return an amount without currency and grouping blanks; (12.00), 12.00- and the true minus become -12.00."""
    return is_bare(text).ifelse(text, _strip_number(text))  # the fast path of most cells


def is_bare(text: Any) -> Any:
    """Return whether an amount's text has no currency, blank or other dress."""
    return text.re_search(_PLAIN)


def _strip_number(text: Any) -> Any:
    bare = without_currency(text.re_replace(_MINUS, "-")).re_replace(rf"^{_BLANKS}+|{_BLANKS}+$", "")
    whole = bare.re_replace(r"^(.*\d)[.,][-\x{2013}\x{2014}]{1,2}$", r"\1")  # Swiss prices: 50.- is fifty
    signed = whole.re_replace(r"^\((.+)\)$", r"-\1").re_replace(r"^([^-].*)-$", r"-\1")
    plain = signed.re_replace(r"^\+", "").re_replace(rf"^-{_BLANKS}+", "-")
    return plain.re_search(_GROUPED).ifelse(plain.re_replace(rf"{_BLANKS}|{_MARK}", ""), plain)


def uses_comma(number: Any, decimal: Decimal) -> Any:
    """Return whether the comma is the decimal sign of a number's text."""
    last_comma = number.re_search(r",[^.,]*$")
    alone = ~number.contains(".") & ~number.re_search(r",.*,")
    decided = number.contains(".") | number.re_search(r",(\d{1,2}|\d{4,})$|^-?(0?|\d{4,}),\d+$")
    certain = last_comma & decided & ~number.re_search(r",.*,")
    return certain | (last_comma & alone & ibis.literal(decimal is Decimal.comma))


def parse_number(number: Any, decimal: Decimal) -> Any:
    """Parse a bare number to an exact decimal; null where it is no number."""
    return plain_number(number, decimal).try_cast(AMOUNT)  # a text that still has a comma is no number


def plain_number(number: Any, decimal: Decimal) -> Any:
    """Return a bare number with a decimal point and without thousands signs; other texts may be unchanged."""
    comma = number.re_search(_COMMA).ifelse(number.replace(".", "").replace(",", "."), number)
    grouped = ibis.literal(decimal is Decimal.comma) & number.re_search(r"^-?[1-9]\d{0,2}(\.\d{3})+$")
    point = number.re_search(_POINT).ifelse(number.replace(",", ""), number)
    return uses_comma(number, decimal).ifelse(comma, grouped.ifelse(number.replace(".", ""), point))


def multiply(price: Any, quantity: Any) -> Any:
    """Return price x quantity; null where it is too large for the type of amounts."""
    return (price.cast(_WIDE) * quantity.cast(_WIDE)).try_cast(AMOUNT)


def is_non_finite(text: Any) -> Any:
    """Return whether an amount's text is NaN or an infinity."""
    return text.strip().lower().re_search(r"^[+-]?(nan|inf|infinity)$").fill_null(False)
