"""What a script without asof would send: benches/script.py CONFIG WAY DAY...

Takes the events, breakdowns and metrics of an asof.toml and prints the queries of WAY for each day:

  breakdown  a query for each breakdown, all metrics in it
  metric     a query for each metric and breakdown

They read the same rows as asof does, so that they would come to the same numbers. What a script would find
hardest is left out, in its favour: metrics over several days, and phones that no earlier day has.
"""

import datetime
import re
import sys
import tomllib

config, way, *days = sys.argv[1:]
with open(config, "rb") as file:
    asof = tomllib.load(file)
[(name, events)] = asof["events"].items()

lists = {key: "(" + ", ".join(f"'{value}'" for value in values) + ")" for key, values in asof["lists"].items()}


def filled(sql, **names):
    return re.sub(r"\{(\w+)\}", lambda found: (lists | names)[found[1]], sql)


def value(metric):
    """A metric as an SQL expression; None for one over several days."""
    if "over" in metric:
        return None
    if "ratio" in metric:
        over, under = (value(asof["metrics"][part]) for part in metric["ratio"])
        return f"{over} / {under}"
    condition = filled(metric.get("where", "true"))
    if "distinct" in metric:
        return f"count(distinct if({condition}, {metric['distinct']}, null))"
    if "sum" in metric:
        return f"sum(if({condition}, {metric['sum']}, 0)) / {metric.get('divide', 1)}"
    return f"count(if({condition}, 1, null))"


def grouping(dimension):
    if isinstance(dimension, dict) and "time" in dimension:
        return f"hour({events['time']})"
    return dimension["sql"] if isinstance(dimension, dict) else dimension


groupings = [None] + [grouping(dimension) for dimension in events["by"].values()]


def query(grouping, values, rows):
    if grouping is None:
        return f"select {', '.join(values)} from ({rows}) as calls;"
    return f"select {grouping} as part, {', '.join(values)} from ({rows}) as calls group by part;"


for day in days:
    begin = datetime.date.fromisoformat(day)
    end = begin + datetime.timedelta(days=1)
    window = f"{events['time']} >= '{begin} 00:00:00' and {events['time']} < '{end} 00:00:00'"
    rows = filled(events["sql"], window=window)
    # asof gives distinct counts in total only, unless they are asked for by a dimension.
    wanted = {key: metric for key, metric in asof["metrics"].items() if value(metric)}
    for part in groupings:
        own = [value(metric) for metric in wanted.values() if part is None or "distinct" not in metric]
        for values in [own] if way == "breakdown" else [[one] for one in own]:
            print(query(part, values, rows))
