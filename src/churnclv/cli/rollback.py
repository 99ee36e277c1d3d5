"""Roll back: the previous champion serves again."""

from ..pipeline.settings import RollbackConfig


def main(config: RollbackConfig) -> None:
    """Find the present champion, and move its alias back to the previous one."""
    from ..tracking.home import Home
    from ..tracking.promotion import roll_back
    from ..tracking.registry import only_champion
    from ..tracking.sink import client

    home = Home.of(config.tracking).made()
    name = config.model or only_champion(client(home), home, "make rollback ARGS=model={}").name
    print(roll_back(home, name))
