"""Build a release from a catalogue folder, and publish it on request.

To try it: ``python build_index.py --sample --out release``.
"""

import argparse
import logging
import re
import sys
from pathlib import Path

from recsys.catalog.articles import read_license
from recsys.errors import RecsysError
from recsys.evaluation.report import markdown
from recsys.models.image import COMPACT
from recsys.models.text import PACKAGED
from recsys.pipeline.build import Build, Options
from recsys.pipeline.workspace import Stage, workspace_folder
from recsys.release.hub import Visibility, publish
from recsys.release.manifest import CURRENCY_PATTERN, Manifest
from recsys.sample.sample_catalog import SAMPLE_CURRENCY, draw_sample


def main() -> int:
    """Run the command line and return its exit status."""
    parser = _parser()
    arguments = parser.parse_args()
    if not arguments.push_to and (arguments.tag or arguments.public or arguments.i_have_the_rights):
        parser.error("--tag, --public and --i-have-the-rights go with --push-to")
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    options = Options(
        text_model=arguments.text_model,
        image_model=arguments.image_model,
        limit=arguments.limit,
        shoppers=arguments.shoppers,
        fewest_shoppers=arguments.fewest_shoppers,
        currency=arguments.currency or (SAMPLE_CURRENCY if arguments.sample else ""),
    )
    try:
        sample = workspace_folder(arguments.out) / "sample"
        data = draw_sample(sample) if arguments.sample else arguments.data
        visibility = Visibility(arguments.public, arguments.i_have_the_rights)
        visibility.check(read_license(data), options.fewest_shoppers)
        build = Build(data, arguments.out, options)
        manifest = build.run()
        print(_stage_table(build.stages))
        print(_model_table(manifest))
        print(f"\n{markdown(manifest.evaluation)}\n")
        print(f"Release {manifest.version} is in {arguments.out}")
        if arguments.push_to:
            published = publish(arguments.out, arguments.push_to, visibility, arguments.tag)
            print(f"Published as {arguments.push_to} {published}")
    except RecsysError as error:
        print(f"build_index.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped. Run the same command again to continue.", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Turn a catalogue folder into a release.")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--data", type=Path, metavar="DIR", help="a folder in Kaggle's layout")
    source.add_argument("--sample", action="store_true", help="the drawn sample catalogue")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the release")
    parser.add_argument(
        "--text-model", default=PACKAGED, help="a sentence-transformers id or path (%(default)s)"
    )
    parser.add_argument(
        "--image-model",
        default=COMPACT,
        metavar="MODEL",
        help="hf-hub:ID, an OpenCLIP NAME/TAG or local-dir:PATH (%(default)s)",
    )
    parser.add_argument("--limit", type=_positive, metavar="N", help="only the first N articles")
    parser.add_argument(
        "--shoppers",
        type=_natural,
        default=Options.shoppers,
        metavar="N",
        help="how many example shoppers to draw from the release's figures (%(default)s)",
    )
    parser.add_argument(
        "--fewest-shoppers",
        type=_positive,
        default=Options.fewest_shoppers,
        metavar="N",
        help="leave out figures about purchases of fewer different shoppers (%(default)s)",
    )
    parser.add_argument(
        "--currency",
        type=_currency,
        metavar="CODE",
        help="of the catalogue's prices, such as EUR; the page shows prices only with it",
    )
    hub = parser.add_argument_group("publishing to the Hugging Face Hub")
    hub.add_argument(
        "--push-to", metavar="NAMESPACE/NAME", help="a dataset repo, created if missing"
    )
    hub.add_argument("--tag", default="", help="its tag there (date and release version)")
    hub.add_argument("--public", action="store_true", help="make a new repo public")
    hub.add_argument(
        "--i-have-the-rights",
        action="store_true",
        help="allow a public repo for a catalogue not marked as redistributable",
    )
    return parser


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return int(text)


def _natural(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def _currency(text: str) -> str:
    if not re.fullmatch(CURRENCY_PATTERN, text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a code of ISO 4217, such as EUR")
    return text


def _stage_table(stages: list[Stage]) -> str:
    lines = [f"\n{'stage':<18}{'rows':>10}{'seconds':>10}{'rows/s':>10}{'peak GB':>10}"]
    for stage in stages:
        speed = f"{stage.rows / stage.seconds:,.0f}" if stage.rows and stage.seconds else "kept"
        lines.append(
            f"{stage.name:<18}{stage.rows:>10,}{stage.seconds:>10.1f}{speed:>10}"
            f"{stage.peak_bytes / 1e9:>10.2f}"
        )
    total = sum(stage.seconds for stage in stages)
    return "\n".join([*lines, f"{'total':<28}{total:>10.1f}"])


def _model_table(manifest: Manifest) -> str:
    lines = [
        f"\n{'model':<12}{'articles':>10}{'entries':>10}{'dim':>6}"
        f"{'recall@12':>11}{'worst':>7}{'below .9':>10}"
    ]
    for name, model in manifest.models.items():
        audit = model.audit
        lines.append(
            f"{name:<12}{model.articles:>10,}{model.entries:>10,}{model.dim:>6}"
            f"{audit.mean:>11.4f}{audit.worst:>7.2f}{audit.below_90:>10.4%}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
