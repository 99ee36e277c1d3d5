"""Serve: the bundle's scores over HTTP, in MLflow's protocol, on loopback."""

import os

from ..pipeline.settings import ServeConfig
from ..progress import Progress

TOKEN = "CHURNCLV_TOKEN"  # noqa: S105 # the name of the variable in the environment


def main(config: ServeConfig) -> None:
    """Bind the address, load the registered bundle, and answer requests."""
    from ..bundle.loading import load_bundle
    from ..bundle.serving import ServingLimits, bind, load_model, serve
    from ..bundle.specification import specification_of
    from ..tracking.home import Home
    from ..tracking.registry import locate_bundle, table_paths

    home, progress = Home.of(config.tracking), Progress()
    bound = bind(config.host, config.port)
    source = locate_bundle(home, config.model)
    scorer = load_bundle(source.folder, registered=source.manifest)
    specification = specification_of(scorer)
    paths = table_paths(home, specification.run_id)
    tables = {name: path for name, path in paths.items() if name in specification.data.tables}
    model = load_model(source.folder, scorer, tables | config.tables)
    address = f"{config.host}:{config.port}/invocations"
    example = f"curl -s {address} -H 'Content-Type: application/json' -d @'{source.folder}/input_example.json'"
    progress.log(
        f"Serving {source}, fitted on {specification.data.name} through {specification.fitted_through}\n"
        f"  try: {example}"
    )
    limits = ServingLimits(
        waiting=config.waiting,
        body_bytes=config.max_body_mb * 1024**2,
        request_seconds=config.request_seconds,
        hosts=(config.host, *config.hosts),
        token=os.environ.get(TOKEN, ""),
    )
    serve(model, limits, bound)
