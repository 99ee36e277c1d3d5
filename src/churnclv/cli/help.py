"""Help: what each command does, its most used settings and examples, in 80 columns.

It imports neither Hydra nor the packages, so that it answers at once. A test composes every example and compares the
settings with the schema.
"""

import textwrap
from dataclasses import dataclass, field

from ..files import PROJECT

WIDTH = 80
_INDENT = "  "
_END = """\
every setting: churnclv {name} --cfg job
tab completion: eval "$(churnclv --shell-completion install=bash)"
exit codes: 0 done; 2 input or setting at fault; 1 a bug; 130 stopped (Ctrl-C)"""


@dataclass(frozen=True)
class Help:
    """What is to be known of a command.

    Attributes:
        purpose: one line, for the list of commands.
        text: what the command reads and writes.
        settings: the most used ones, with their meaning.
        examples: command lines, with what they do.
        groups: folders of `conf/` of which a file can be chosen.
    """

    purpose: str
    text: str
    settings: dict[str, str]
    examples: dict[str, str]
    groups: tuple[str, ...] = field(default=())


HELP = {
    "inspect": Help(
        "what files are, and what can be learned from them",
        "Looks at one file or several and prints what they are, which column plays which role and how sure that is, "
        "how dates and numbers are written, how often customers return, which horizon suits, whether there is enough "
        "to learn from, and the make train command. It asks nothing and changes nothing.",
        {
            "path": "the file: CSV, Parquet, Excel or JSON lines; several between commas (required)",
            "save": "a name: the settings are written to conf/data/<name>.yaml, for data=<name>",
            "sheet": "of an Excel workbook with several",
        },
        {
            "churnclv inspect path=orders.csv": "what it is, and the command that trains",
            "churnclv inspect path=orders.csv,customers.csv": "two files of one shop",
            "churnclv inspect path=orders.csv save=myshop": "and data=myshop from then on",
        },
    ),
    "train": Help(
        "train the models on a log or a table, and record the run",
        "Trains a churn model and a CLV model, or, on an experiment (data=experiment), learners of effects. It reads a "
        "log or a table, tunes and chooses the models on validation folds, evaluates them once on the sealed test, "
        "records the run in MLflow and prints a summary.",
        {
            "data.path": "the file: CSV, Parquet, Excel or JSON lines; or postgresql://user@host/database",
            "data.table": "a table or view of that server",
            "data.columns.<role>": "the name of a column in the file, such as data.columns.customer_id=cust",
            "windows.horizon_days": "days ahead in which churn and spend are predicted (90)",
            "windows.open_seal": "false leaves the sealed test closed while you try things",
            "tuning.n_trials": "trials of each search (30)",
            "economics.margin": "the share of spend that is margin (0.3)",
            "experiment": "an entry of experiments/",
            "tracking.home": "the folder of the runs (mlruns, or the environment variable MLRUNS)",
        },
        {
            "churnclv train": "the CDNOW log, which ships with lifetimes",
            "churnclv train data=transactions data.path=orders.csv": "your own log",
            "churnclv train clv=pareto_nbd windows.horizon_days=60": "other choices",
            "make train DATA=orders.csv": "the short form of the second",
        },
        ("data", "windows", "churn", "clv", "uplift"),
    ),
    "ui": Help(
        "compare the runs in MLflow, on loopback",
        "Opens MLflow on this machine, with views that compare the runs, and prints their addresses. Ctrl-C stops it.",
        {"port": "where it listens (5000)", "host": "the address (127.0.0.1)"},
        {"churnclv ui": "http://127.0.0.1:5000", "churnclv ui port=5010": "another port"},
    ),
    "report": Help(
        "one page on what the numbers mean, with tables",
        "Writes the report: one HTML page for the people who use the results, and a folder of tables beside it. Scores "
        "of the champion are used if it was fitted on the same data.",
        {
            "out": "the page (mlruns/report/report.html)",
            "data.path": "the file, read as for training",
            "model": "a bundle's folder, or models:/name@champion",
            "report.language": "en or it",
            "report.period": "week, month, quarter or year",
            "economics.budget": "the most that the contacts of the list may be expected to cost",
        },
        {
            "churnclv report": "the CDNOW log",
            "churnclv report data=transactions data.path=orders.csv out=report.html": "your own log",
            "churnclv report report.language=it report.period=quarter": "in Italian, by quarter",
        },
        ("data",),
    ),
    "export": Help(
        "write the best run as a bundle, compare it with the champion",
        "Refits the choices of a run on all labels through the end of the data, and writes models, mapping and code as "
        "one folder, the bundle. It is registered, and becomes champion if there is none or if it is better.",
        {
            "run": "the id of a run (the best on the latest run's data)",
            "metric": "what is best (valid.churn.auc); higher_is_better=false for errors",
            "out": "a folder for a copy of the bundle",
            "model": "the registered model that gets a new version",
            "force": "true makes it champion in any case; needs reason='...'",
        },
        {
            "churnclv export": "the best run by validation AUC",
            "churnclv export metric=valid.spend.rmse higher_is_better=false": "by the error of spend",
            "churnclv export force=true reason='agreed with finance'": "whatever the comparison says",
        },
    ),
    "rollback": Help(
        "the champion before the present one serves again",
        "Moves the alias champion back to the version that had it before.",
        {"model": "the registered model, where several have a champion"},
        {"churnclv rollback": "the only champion", "churnclv rollback model=transactions": "that of one data set"},
    ),
    "score": Help(
        "raw events in, one row of scores per customer out",
        "Reads raw events with a bundle's mapping, and writes one row per customer: churn score with reasons, expected "
        "purchases and spend, CLV, segment, action.",
        {
            "input": "the file of events (required)",
            "output": "the file of scores (required): CSV, .parquet or a folder/ of parts; pipes are written through",
            "as_of": "the day of the scores (the end of the bundle's data, or of the file's, if later)",
            "horizon_days": "days ahead, if other than trained; carried by the purchase model's time shape",
            "curve_days": "a column with the churn score by each of these days ahead, such as [30,60,90]",
            "model": "a bundle's folder, or models:/name@champion (the champion fitted on these data)",
            "targets": "a second file: whom to contact, best first",
            "audiences": "a folder of audience files for Klaviyo, HubSpot, Meta and Google Ads",
            "contacts": "a table with customer_id, email and phone, for audiences",
            "budget": "the most that these contacts may be expected to cost",
            "columns.<role>": "a column that has another name than at training",
            "language": "of the reasons, en or it",
            "history.record": "false leaves no record for monitoring",
        },
        {
            "churnclv score input=orders.csv output=scores.csv": "by the champion",
            "churnclv score input=orders.csv output=scores.csv as_of=2011-09-09": "of another day",
            "churnclv score input=orders.csv output=scores.csv targets=list.csv": "and whom to contact",
            "churnclv score input=orders.csv output=scores.csv audiences=lists": "and files for other tools",
        },
    ),
    "customer": Help(
        "one customer: score, reasons, history, what would change it",
        "Prints one customer's churn score with its reasons, the action, when the next order is expected, the value so "
        "far and to come, the events of the last twelve months with the score and the segment at the end of each, and "
        "what the score would be after one more order or after days of silence. Nothing is written.",
        {
            "input": "the file of events (required)",
            "id": "the customer's id, as the file writes it (required)",
            "as_of": "the day (the end of the bundle's data, or of the file's, if later)",
            "model": "a bundle's folder, or models:/name@champion (the champion fitted on these data)",
            "language": "of the page, en or it",
            "columns.<role>": "a column that has another name than at training",
        },
        {
            "churnclv customer input=orders.csv id=ann": "by the champion",
            "churnclv customer input=orders.csv id=007 language=it": "in Italian",
            "churnclv customer input=orders.csv id=ann as_of=2011-09-09": "as of another day",
        },
    ),
    "monitor": Help(
        "what changed since the export, whether past scores came true",
        "Compares a log of today with the one that the bundle was fitted on, joins the outcomes of the past scorings "
        "whose horizon has passed, and estimates today's performance without labels. It prints one page with a light "
        "per line, and ends with exit code 3 where a line needs attention.",
        {
            "input": "the file of events (required)",
            "as_of": "the day (the end of the bundle's data, or of the file's, if later)",
            "model": "a bundle's folder, or models:/name@champion (the champion fitted on these data)",
            "language": "of the page, en or it",
            "monitoring.false_alarm_share": "how often drift may alarm if nothing changed (0.01)",
            "columns.<role>": "a column that has another name than at training",
        },
        {
            "churnclv monitor input=orders.csv": "by the champion",
            "churnclv monitor input=orders.csv as_of=2011-09-09": "as it was known on another day",
            "churnclv monitor input=orders.csv language=it": "in Italian",
        },
    ),
    "retrain": Help(
        "train a challenger where it is due, and promote it if better",
        "Monitors as churnclv monitor does. Where the champion is old, or drift, promises or the estimate need "
        "attention, it trains the champion's choices on the log through today, exports, and compares both on windows "
        "that neither learned from. It prints why. A second call meanwhile does nothing.",
        {
            "input": "the file of events, through today (required)",
            "max_age_days": "from this age on the champion is old (180)",
            "force": "true trains a challenger in any case",
            "model": "models:/name@champion (the champion fitted on these data)",
        },
        {
            "churnclv retrain input=orders.csv": "by the rule",
            "churnclv retrain input=orders.csv force=true": "in any case",
            "churnclv rollback": "the former champion serves again",
        },
    ),
    "forget": Help(
        "remove customers from every file of the runs that holds ids",
        "Removes customers from the history of scorings, the cached feature tables and the report's tables. Models "
        "hold no ids and stay.",
        {"customers": "a CSV with the column customer_id (required)"},
        {
            "churnclv forget customers=ids.csv": "the customers of a file",
            "make forget CUSTOMERS=ids.csv": "the short form",
        },
    ),
    "campaign-table": Help(
        "past contacts as a table to learn effects from",
        "Reads a log with contacts by past campaigns, and writes one row per customer: what was done, what they did "
        "then, and what was known before. With as_of it writes the customers of that day instead, to be scored by "
        "what was learned.",
        {
            "input": "the log (required)",
            "out": "the table to write (required)",
            "as_of": "the day whose customers are to be scored (past contacts)",
            "contacts.arms": "names of contacts (all)",
            "contacts.most_days": "as many of the latest days with contacts (12)",
            "windows.horizon_days": "length of the outcome (90)",
            "data.tables": "the table of contacts, see docs/your_data.md",
            "data.columns.<role>": "the name of a column in the log, such as data.columns.customer_id=cust",
        },
        {
            "churnclv campaign-table input=orders.csv out=past.csv": "contacts are rows of the log",
            "churnclv campaign-table input=orders.csv out=today.csv as_of=2024-06-01": "whom to score",
        },
        ("data", "windows"),
    ),
    "campaign-plan": Help(
        "whom to treat, and whom to hold out at random",
        "Reads scores, and writes the folder of a campaign: whom to treat within the budget, whom to hold out at "
        "random so that the effect can be seen, how small an effect can be seen, and what is expected.",
        {
            "scores": "the file of scores (required)",
            "out": "a new folder (required)",
            "budget": "the most that the treated may be expected to cost",
            "capacity": "customers whom a treatment can contact, such as {call: 200}",
            "start": "the day on which it is sent (the day of the scores)",
            "design.power": "probability of seeing the effect (0.8)",
            "design.effect": "the smallest fall of the churn rate to be seen (half of what is expected)",
            "design.holdout": "customers to hold out (as few as the power allows)",
            "design.seed": "of the draw (0)",
            "economics.contact_cost": "as in training; so are the other economics",
        },
        {
            "churnclv campaign-plan scores=scores.csv out=campaigns/spring budget=5000": "within a budget",
            "churnclv campaign-plan scores=scores.csv out=campaigns/may design.effect=0.02": "to see two in a hundred",
        },
    ),
    "campaign-judge": Help(
        "what a campaign brought, against its hold-out",
        "Reads the folder of a campaign and the log of what happened since, and writes the verdict into the folder: "
        "effects on churn, purchases, spend and margin with intervals, cost and return. It is recorded in MLflow.",
        {
            "campaign": "the folder that campaign-plan wrote (required)",
            "input": "the log up to the end of the horizon (required)",
            "contacted": "a CSV file with the column customer_id: who was contacted",
            "cost": "what was spent (what the plan expected)",
            "data.columns.<role>": "the name of a column in the log, such as data.columns.customer_id=cust",
            "data.observed_until": "the day until which the log is complete (midnight after its last event)",
        },
        {
            "churnclv campaign-judge campaign=campaigns/spring input=orders_later.csv": "orders",
            "churnclv campaign-judge campaign=may input=may.csv cost=4100": "what was spent",
        },
        ("data",),
    ),
    "serve": Help(
        "the same scores over HTTP, on loopback",
        "Answers requests in MLflow's protocol with the scores of a bundle, and prints an example call. Ctrl-C stops "
        "it.",
        {
            "port": "where it listens (5001)",
            "model": "a bundle's folder, or models:/name@champion (the only champion)",
            "hosts": "further names under which callers reach it",
        },
        {
            "churnclv serve": "the only champion, at http://127.0.0.1:5001/invocations",
            "churnclv serve port=5002 model=models:/cdnow@champion": "one of several",
        },
    ),
    "entry": Help(
        "start a hackathon entry",
        "Makes a folder in experiments/ with a configuration and a README to fill in.",
        {"name": "small letters, digits and hyphens (required)"},
        {
            "churnclv entry name=overdue-ratio": "makes experiments/overdue-ratio/",
            "churnclv train experiment=overdue-ratio": "trains it and keeps its result",
        },
    ),
    "leaderboard": Help(
        "rank the entries",
        "Trains the entries that have no result yet, ranks all entries on the same customers and cutoffs, and writes "
        "experiments/LEADERBOARD.md and leaderboard.csv.",
        {
            "fill": "false trains nothing",
            "metric": "churn.auc, churn.log_loss, churn.profit, spend.rmse or spend.gini",
            "dataset": "which, as conf/data names it (cdnow)",
            "n_trials": "trials of each search while training",
            "workers": "entries trained at a time (2)",
        },
        {
            "churnclv leaderboard": "trains what is missing, and ranks",
            "churnclv leaderboard fill=false metric=churn.log_loss": "ranks what is there",
        },
    ),
}


def overview() -> str:
    """Return the list of commands."""
    commands = "\n".join(f"  {name:<16}{command.purpose}" for name, command in HELP.items())
    return (
        "usage: churnclv <command> [key=value ...]\n\n"
        "Trains churn and customer-lifetime-value models on a log of customer behaviour,\n"
        "and turns them into scores, a contact list and a report.\n\n"
        f"commands:\n{commands}\n\n"
        "examples:\n"
        "  churnclv train    train on the CDNOW log, which ships with lifetimes\n"
        "  churnclv ui       compare the runs\n"
        "  churnclv export   write the best run as a bundle\n\n"
        f"one command: churnclv <command> --help\n{_END.format(name='<command>')}"
    )


def describe(name: str) -> str:
    """Return the help text of a command."""
    command = HELP[name]
    parts = [f"usage: churnclv {name} [key=value ...]", textwrap.fill(command.text, WIDTH), _examples(command)]
    parts.append("\n".join(["most used settings:", *_rows(command.settings)]))
    if command.groups:
        files = {
            group: ", ".join(sorted(path.stem for path in (PROJECT / "conf" / group).glob("*.yaml")))
            for group in command.groups
        }
        parts.append("\n".join(["choices, as group=name:", *_rows(files)]))
    return "\n\n".join([*parts, _END.format(name=name)])


def _examples(command: Help) -> str:
    """Return the examples, what they do beside them, or below them where a line has no place for it."""
    width = max(map(len, command.examples))
    beside = [f"{_INDENT}{line:<{width}}  {effect}" for line, effect in command.examples.items()]
    below = [f"{_INDENT}{line}\n{_INDENT * 3}{effect}" for line, effect in command.examples.items()]
    return "\n".join(["examples:", *(beside if max(map(len, beside)) <= WIDTH else below)])


def _rows(meanings: dict[str, str]) -> list[str]:
    """Return one row per name, its meaning wrapped beside it."""
    width = max(map(len, meanings)) + 2 * len(_INDENT)
    rows = []
    for name, meaning in meanings.items():
        first = f"{_INDENT}{name}".ljust(width)
        rows.append(textwrap.fill(meaning, WIDTH, initial_indent=first, subsequent_indent=" " * width))
    return rows
