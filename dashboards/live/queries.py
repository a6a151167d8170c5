# SPDX-License-Identifier: Apache-2.0
"""The queries of the dashboards and alerts, as they are asked when everything is chosen."""
import json
import re
import time

from servers import ROOT


def panel_queries(seconds, speed):
    """
    (panel, query) of all dashboards, of a time range of so many seconds; the variables' own queries, too. `speed` is
    that of the rules: a point of a panel counts what a `[5m]` of theirs does.
    """
    for file in sorted((ROOT / "dashboards/grafana").glob("*.json")):
        board = json.loads(file.read_text())
        values = {"__range": f"{seconds}s", "__rate_interval": f"{300 // speed}s"}
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                yield f"{file.stem}, variable {variable['name']}", filled(series_of(variable["query"]), values)
                values[variable["name"]] = variable["allValue"]
        for panel in board["panels"]:
            for target in panel.get("targets", []):
                yield f"{file.stem}, {panel['title']} ({target['refId']})", filled(target["expr"], values)


def series_of(query):
    """Of label_values(SERIES, LABEL) the series."""
    return re.fullmatch(r"label_values\((.*), \w+\)", query)[1]


def filled(expr, values):
    return re.sub(r"\$(\w+)", lambda name: values[name[1]], expr)


def operands(alert):
    """What an alert compares, without the comparisons: it must have data on a host where all is well, too."""
    return [re.sub(r" (>|==) [\d.]+$", "", side) for side in re.split(r" unless on \([^)]*\) ", alert)]


def unanswered(prometheus):
    """{what is asked: query} of those of all panels and alerts that have had no data yet."""
    queries = list(panel_queries(int(time.time() - prometheus.since) + 1, prometheus.speed))
    queries += [(name, side) for name, expr in prometheus.alert_rules() for side in operands(expr)]
    return {what: expr for what, expr in queries if not prometheus.series(expr)}
