"""Currencies: the codes of ISO 4217 and the usual signs, before or after a number or in a separate column."""

from typing import Any

_LISTED = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF "
    "CLF CLP CNH CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD "
    "HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LTL "
    "LVL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR "
    "PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY "
    "TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWL"
)
CODES = tuple(_LISTED.split())
SIGNS = {  # in upper case, as cells are compared; several currencies share KR, FR, LEI and the dollar sign
    "US$": "USD", "R$": "BRL", "A$": "AUD", "AU$": "AUD", "C$": "CAD", "CA$": "CAD", "HK$": "HKD", "NZ$": "NZD",
    "S$": "SGD", "NT$": "TWD", "MX$": "MXN", "CN¥": "CNY", "$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR",
    "₽": "RUB", "₩": "KRW", "₪": "ILS", "₫": "VND", "₺": "TRY", "₴": "UAH", "₦": "NGN", "₱": "PHP", "฿": "THB",
    "₡": "CRC", "₲": "PYG", "₸": "KZT", "₵": "GHS", "₼": "AZN", "₾": "GEL", "₮": "MNT", "₭": "LAK", "₨": "INR",
    "S/": "PEN",
}  # fmt: skip
ABBREVIATIONS = {  # a point may end them: Rs. 500
    "RS": "INR", "KR": "KR", "ZŁ": "PLN", "ZL": "PLN", "KČ": "CZK", "KC": "CZK", "FT": "HUF", "LEI": "LEI",
    "ЛВ": "BGN", "РУБ": "RUB", "FR": "CHF", "SFR": "CHF", "RP": "IDR", "RM": "MYR", "TL": "TRY", "TK": "BDT",
    "KN": "HRK", "EURO": "EUR", "EUROS": "EUR",
}  # fmt: skip
_BLANK = r"[\s\x{00A0}\x{2007}\x{2009}\x{202F}]*"
_NAMES = "|".join(
    [sign.replace("$", r"\$") for sign in sorted(SIGNS, key=len, reverse=True)]
    + [rf"{name}\.?" for name in sorted(ABBREVIATIONS, key=len, reverse=True)]
    + list(CODES)
)
_BEFORE = rf"^([-+(]*){_BLANK}({_NAMES}|R){_BLANK}([-+(]*[\d.,])"  # R 100 is rand, but 100 R is no currency
_AFTER = rf"([\d.,])([-\x{{2013}}\x{{2014}}]{{0,2}}){_BLANK}({_NAMES}){_BLANK}([-)]?)$"
_PLAIN = r"^[-+(]*[\d.,]+[-)]?$"


def currency(text: Any) -> Any:
    """Return the code of the currency beside a number; empty where there is none.

    If there are two, the one after the number is used: $5 CAD is five Canadian dollars.
    """
    cell = text.strip().upper()
    after = cell.re_extract(_AFTER, 3)
    code = _to_code((after != "").ifelse(after, cell.re_extract(_BEFORE, 2)))
    return cell.re_search(_PLAIN).ifelse("", code)  # the fast path of most cells


def without_currency(text: Any) -> Any:
    """Return a number in upper case without the currency beside it."""
    cell = text.strip().upper()
    return cell.re_replace(_BEFORE, r"\1\3").re_replace(_AFTER, r"\1\2\4")


def currency_cell(text: Any) -> Any:
    """Return the code in a cell that holds only a currency; any other text is unchanged, an empty cell stays empty."""
    return _to_code(text.strip().upper()).fill_null("")


def _to_code(name: Any) -> Any:
    return name.re_replace(r"\.$", "").substitute({**SIGNS, **ABBREVIATIONS, "R": "ZAR"})


def looks_like_currency(cell: str) -> bool:
    """Return whether a cell's text is the code or the sign of a currency."""
    plain = cell.strip().upper().rstrip(".")
    return plain in SIGNS or plain in ABBREVIATIONS or plain in CODES
