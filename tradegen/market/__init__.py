"""What clean trades look like: tickers, prices, the window of trade times."""
