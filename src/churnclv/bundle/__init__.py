"""Room 12: the exported artefact: raw events in, scores out."""
