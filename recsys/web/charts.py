"""The page "How good is it?": what the release says of itself, as bars with their intervals."""

from html import escape

from recsys.evaluation.report import OURS, PROTOCOLS, Evaluation, Scores, Table

INTRODUCTION = """
<p>Measured on shoppers who were held out: nothing they bought reached a model or a weight. Every
article of the catalogue is a candidate. A bar is recall@12, the share of the right answers among
the first twelve; its whisker is the 95&nbsp;% interval. What is in colour is shown in the
galleries, the rest is what it has to beat.</p>"""


def evaluation_html(evaluation: Evaluation) -> str:
    """Return the page's content: a chart a protocol, with all figures folded below it."""
    if not evaluation.tables:
        return '<div class="report"><p>This catalogue is too small to be measured.</p></div>'
    charts = "".join(_chart(name, table) for name, table in evaluation.tables.items())
    return f'<div class="report">{INTRODUCTION}{charts}</div>'


def _chart(name: str, table: Table) -> str:
    ranked = table.ranked()
    longest = max(scores.recall_12.high for _, scores in ranked) or 1.0
    bars = "".join(_bar(model, scores, longest) for model, scores in ranked)
    figures = "".join(_figures(model, scores) for model, scores in ranked)
    return f"""
    <section class="chart" aria-label="{escape(name)}">
      <h2>{escape(name.capitalize())}</h2>
      <p>{escape(PROTOCOLS[name])} {table.questions:,} questions.</p>
      <table class="bars"><caption>Recall@12, {escape(name)}</caption><tbody>{bars}</tbody></table>
      <details><summary>All figures</summary><div class="figures" tabindex="0"
        role="region" aria-label="All figures"><table>
        <thead><tr><th scope="col">model</th><th scope="col">recall@100</th>
        <th scope="col">MAP@12</th><th scope="col">NDCG@12</th><th scope="col">hit rate@12</th>
        <th scope="col">coverage@12</th><th scope="col">novelty, bits</th>
        <th scope="col">answered</th></tr></thead>
        <tbody>{figures}</tbody></table></div></details>
    </section>"""


def _bar(model: str, scores: Scores, longest: float) -> str:
    recall = scores.recall_12
    length, low, high = (100 * value / longest for value in (recall.mean, recall.low, recall.high))
    ours = ' class="ours"' if model in OURS else ""
    interval = f"95 % interval {recall.low:.4f} to {recall.high:.4f}"
    return f"""
    <tr{ours}><th scope="row">{escape(model)}</th>
      <td class="track"><span class="bar" style="width:{length:.1f}%"></span><span
        class="whisker" style="left:{low:.1f}%;width:{high - low:.1f}%"></span></td>
      <td class="value" title="{interval}">{recall.mean:.4f}</td></tr>"""


def _figures(model: str, scores: Scores) -> str:
    estimates = (scores.recall_100, scores.map_12, scores.ndcg_12, scores.hit_rate_12)
    cells = [f"{estimate.mean:.4f}" for estimate in estimates]
    cells += [f"{scores.coverage_12:.4f}", f"{scores.novelty:.1f}", f"{scores.answered:,}"]
    columns = "".join(f"<td>{cell}</td>" for cell in cells)
    return f'<tr><th scope="row">{escape(model)}</th>{columns}</tr>'
