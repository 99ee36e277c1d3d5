"""The report: what the numbers mean, in one page that opens anywhere, with the tables behind it."""

from .config import ReportConfig, open_door
from .progress import Progress


def main(config: ReportConfig) -> None:
    """Read the data, ask the champion if there is one, tell the story, and write it down."""
    from .data.engine import connect
    from .data.events import read_events
    from .insight.base import look_at
    from .insight.page import Page
    from .insight.story import tell_story
    from .insight.words.catalogue import Words
    from .reporting import facts_of, find_champion, publish, record, summarise
    from .tracking.home import Home

    progress, words = Progress(), Words.of(config.report.language)
    home = Home.at(config.tracking.home)
    progress.say(f"Reading {config.data.name}")
    events = read_events(connect(config.engine, home.cache / "spill"), config.data)
    base = look_at(events, config.report)
    progress.say("Asking the champion, if there is one for these data")
    found = find_champion(config, home, events, base.as_of, words)
    progress.say("Telling the sections")
    sections = tell_story(base, words, found.champion, config.economics.margin, progress)
    about = words.say(
        "page.about", data=config.data.name, customers=float(events.quality.customers),
        events=float(sum(base.kinds.values())), first=f"{base.first:%Y-%m-%d}", as_of=f"{base.as_of:%Y-%m-%d}",
    )  # fmt: skip
    page = Page(words.say("page.title"), about, found.notes)
    path = publish(config, home, page, sections, words)
    facts = facts_of(events.quality.fingerprint, f"{base.as_of:%Y-%m-%d}", found.champion, sections)
    record(config, home, path, facts, progress)
    print(summarise(path, sections, words, found.champion))


if __name__ == "__main__":
    open_door("report", main)
