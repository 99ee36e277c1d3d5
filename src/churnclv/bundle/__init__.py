"""Room 10: the exported artefact: raw events in, scores out, in any process that trusts it."""
