"""Companies with two lines of common stock on US exchanges, by their listings in 2025."""

from __future__ import annotations

_SHARE_CLASSES = {
    "GOOGL": "GOOG",
    "BRK.A": "BRK.B",
    "BF.A": "BF.B",
    "FOXA": "FOX",
    "NWSA": "NWS",
    "UAA": "UA",
    "LEN": "LEN.B",
    "HEI": "HEI.A",
    "LBRDA": "LBRDK",
    "LBTYA": "LBTYK",
    "LILA": "LILAK",
    "FWONA": "FWONK",
    "ZG": "Z",
    "RUSHA": "RUSHB",
    "CENTA": "CENT",
    "MOG.A": "MOG.B",
    "GEF": "GEF.B",
    "CRD.A": "CRD.B",
    "BIO": "BIO.B",
    "MKC": "MKC.V",
    "WSO": "WSO.B",
    "GTN": "GTN.A",
    "UHAL": "UHAL.B",
    "CWEN": "CWEN.A",
    "TAP": "TAP.A",
    "HVT": "HVT.A",
    "AGM": "AGM.A",
}
_OTHER = _SHARE_CLASSES | {other: one for one, other in _SHARE_CLASSES.items()}


def other_share_class(ticker: str) -> str | None:
    """The ticker of the company's other share class; None where it has no other, or none that is known."""
    return _OTHER.get(ticker)
