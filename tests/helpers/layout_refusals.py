"""Scenarios whose views, layouts or shared ids are refused, and what is said of each."""

from __future__ import annotations

LAYOUTS: dict[str, tuple[str, str]] = {
    "view unknown": ('view = "double"', "view is 'double'; expected single, counterparty or two_system"),
    "layout of another view": (
        'theirs.date_format = "%d/%m/%Y"',
        "theirs is given although view is single; expected trades, or view two_system",
    ),
    "column renamed to another": (
        'trades.columns = {price = "quantity"}',
        "columns gives the name quantity to two columns; expected each name once",
    ),
    "column unknown": (
        'trades.columns = {prise = "p"}',
        "columns has 'prise', which is unknown; did you mean price?",
    ),
    "column name with a quote": (
        "trades.columns = {price = 'a\"b'}",
        "expected a name of 1 to 64 characters",
    ),
    "column name with a blank after it": (
        'trades.columns = {quantity = "Qty "}',
        "columns.quantity is 'Qty '; expected a name of 1 to 64 characters, without quotes, backslashes or "
        "line breaks, blanks at its ends or a byte order mark",
    ),
    "column name of a blank": ('trades.columns = {quantity = " "}', "columns.quantity is ' '; expected a"),
    "column name with a wide blank before it": (
        'trades.columns = {quantity = "\\u00a0Qty"}',
        "blanks at its ends",
    ),
    "column name with a byte order mark": (
        'trades.columns = {trade_id = "\\ufeffid"}',
        "columns.trade_id is '\\ufeffid'; expected a name",
    ),
    "column without a name": ('trades.columns = {price = ""}', "expected a name of 1 to 64 characters"),
    "included column unknown": (
        'trades.include = ["trade_id", "prise"]',
        "trades.include has 'prise', which is unknown; did you mean price?",
    ),
    "included column twice": (
        'trades.include = ["trade_id", "price", "price"]',
        "trades.include has price twice; expected each column once",
    ),
    "id left out": (
        'trades.include = ["price"]',
        "trades.include leaves out trade_id, by which the truth finds a record; expected it too",
    ),
    "include without any column": (
        "trades.include = []",
        "trades.include leaves out trade_id, by which the truth finds a record; expected it too",
    ),
    "one list without ids": (
        "shared_id = false",
        "shared_id is false although view is single, in which both legs stand in one list; expected view",
    ),
    "ids mistyped that no list has": (
        'shared_id = false\nview = "two_system"\nmechanisms = {"trade_id.mistyped" = 1}',
        "shared_id is false although trade_id.mistyped alters ids, which no list has; expected",
    ),
    "lists without ids sorted by them": (
        'shared_id = false\nview = "two_system"\ntheirs.sort = "trade_id"',
        "theirs.sort is trade_id although shared_id is false, so that lists are sorted by record_id",
    ),
    "ids included where none are shared": (
        'shared_id = false\nview = "two_system"\nours.include = ["trade_id", "record_id"]\n'
        'mechanisms = {"record.missing" = 1}',
        "ours.include has trade_id although shared_id is false; expected record_id in its place",
    ),
    "neither id included": (
        'shared_id = false\nview = "two_system"\nours.include = ["price"]\nmechanisms = {"price.tick" = 1}',
        "ours.include leaves out record_id, by which the truth finds a record; expected it too",
    ),
    "a name for an id that no list has": (
        'shared_id = false\nview = "two_system"\nmechanisms = {"price.tick" = 1}\n'
        'theirs.columns = {trade_id = "Ref"}',
        "theirs.columns has trade_id although shared_id is false, so that no list has it; expected a",
    ),
    "shared id as text": ('shared_id = "no"', "shared_id is 'no'; expected true or false"),
    "included columns as text": (
        'trades.include = "trade_id"',
        "trades.include is 'trade_id'; expected columns by their own names, such as",
    ),
    "column of a mechanism left out": (
        'trades.include = ["trade_id", "order_type", "quantity", "date", "trade_timestamp"]',
        "trades.include leaves out price, in which price.nudge would be seen; expected price in it, or "
        "price.nudge without a weight",
    ),
    "column of a hot spot's mechanism left out": (
        'mechanisms = {"quantity.nudge" = 1}\ntrades.include = ["trade_id", "order_type", "quantity"]\n'
        '[[hot_spots]]\nname = "x"\nrate = 1\nwhere.ticker = "AAPL"\nmechanisms = {"price.tick" = 1}',
        "trades.include leaves out price, in which price.tick would be seen",
    ),
    "other broker left out": (
        'view = "counterparty"\nmechanisms = {"broker_id.other" = 1}\n'
        'sell.include = ["trade_id", "broker_id"]',
        "sell.include leaves out contra_broker_id, in which broker_id.other would be seen",
    ),
    "side of a single list left out": (
        'mechanisms = {"price.tick" = 1}\ntrades.include = ["trade_id", "price"]',
        "trades.include leaves out order_type, by which the legs of a pair are told apart in one list",
    ),
    "record id of a flipped side left out": (
        'mechanisms = {"order_type.flip" = 1}\ntrades.include = ["trade_id", "order_type"]',
        "trades.include leaves out record_id, in which order_type.flip would be seen",
    ),
    "sorted by a price": ('trades.sort = "price"', "trades.sort is 'price'; expected trade_id"),
    "sorted list of another view": (
        'ours.sort = "trade_id"',
        "ours is given although view is single; expected trades, or view two_system",
    ),
    "date format that loses years": (
        'trades.date_format = "%d/%m"',
        "date_format is '%d/%m', which leaves out the year; a mismatch there would vanish",
    ),
    "half a clock": (
        'trades.timestamp_format = "%Y-%m-%d %I:%M:%S"',
        "which leaves out the half of the day; a mismatch there would vanish",
    ),
    "format coarser than the precision": (
        'timestamp_precision = "ms"\ntrades.timestamp_format = "%Y-%m-%d %H:%M:%S"',
        "which leaves out the milliseconds",
    ),
    "format unknown": ('trades.date_format = "%Q"', "format has %Q; expected %Y, %m"),
}
