"""The desk's own trades: a scenario is fitted to the breaks that two lists of them really had."""
