"""Commands as processes of their own that share the seconds in which the libraries are imported.

`python command_server.py` imports the libraries that the commands need, nothing of the project, and forks a process for
each request: a command line, a folder, an environment, and the files that its output goes to. That process runs the
command as `python -m churnclv` does: its environment, its output, its exit code and its end are its own.
"""

import json
import os
import runpy
import sys
import tempfile

LIBRARIES = (  # not duckdb: it starts a thread when it is imported, which a forked process lacks
    "hydra", "ibis", "jinja2", "matplotlib.pyplot", "mlflow", "mlflow.pyfunc",
    "mlflow.store.tracking.sqlalchemy_store", "numpy", "omegaconf", "optuna", "pandas",
    "pyarrow.parquet", "scipy.optimize", "scipy.special", "scipy.stats", "sklearn.linear_model",
    "sklearn.preprocessing", "sqlalchemy", "sqlglot", "xgboost",
)  # fmt: skip


def become(request: dict) -> None:
    """Make this process what the request describes."""
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    for descriptor, path, flags in ((0, os.devnull, os.O_RDONLY), (1, request["out"], os.O_WRONLY),
                                    (2, request["err"], os.O_WRONLY)):  # fmt: skip
        opened = os.open(path, flags)
        os.dup2(opened, descriptor)
        os.close(opened)
    tempfile.tempdir = None  # it may have been looked up in another environment
    sys.path[0] = request["folder"]
    sys.argv = ["churnclv", *request["words"]]


def serve() -> bool:
    """Answer each request with a process's number and its exit code; return True in the processes that are forked."""
    replies = os.fdopen(os.dup(1), "w")
    for line in iter(sys.stdin.readline, ""):
        child = os.fork()
        if child == 0:
            replies.close()
            become(json.loads(line))
            return True
        print(child, file=replies, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), file=replies, flush=True)
    return False


if __name__ == "__main__":
    for library in LIBRARIES:
        __import__(library)
    if serve():
        runpy.run_module("churnclv", run_name="__main__", alter_sys=True)
