"""Building: the stages of the Dockerfile, each in a scratch root of its own.

Takes the checkout, gives the root of the last stage. Refuses (CalledProcessError, ValueError)
what an engine would refuse too.
"""

from pathlib import Path

from tests.container import dockerfile
from tests.container.dockerfile import Stage, Step
from tests.container.scratch import Root


class Build:
    """One build: where the context is, and the roots made so far by the name of their stage."""

    def __init__(self, checkout: Path, work: Path) -> None:
        """`work` is an empty folder for the roots."""
        self._checkout = checkout
        self._work = work
        self._files = dockerfile.context(checkout)
        self._roots: dict[str | None, Root] = {}

    def stage(self, stage: Stage) -> Root:
        """Do what a stage says."""
        root = Root(self._work / (stage.name or "image"))
        self._roots[stage.name] = root
        for step in stage.steps:
            print(f"{step.name} {step.words}", flush=True)
            self._do(root, step)
        return root

    def _do(self, root: Root, step: Step) -> None:
        match step.name:
            case "WORKDIR":
                root.enter(step.words)
            case "ENV":
                root.environment |= dockerfile.variables(step.words)
            case "RUN":
                root.run(step.words)
            case _:
                self._copy(root, step.words.split())

    def _copy(self, root: Root, words: list[str]) -> None:
        *sources, target = words
        if sources[0].startswith("--from="):
            other = self._roots[sources.pop(0).removeprefix("--from=")]
            (source,) = sources
            root.copy(other.inside(source), root.inside(target))
            return
        for source in sources:
            self._from_context(root, source, target)

    def _from_context(self, root: Root, source: str, target: str) -> None:
        inside = [name for name in self._files if name == source or name.startswith(f"{source}/")]
        if not inside:
            raise ValueError(f"COPY {source}: .dockerignore keeps it out, or it is not there")
        for name in inside:
            # A folder's content goes into the target, a file goes under its own name.
            relative = name.removeprefix(f"{source}/") if name != source else source
            root.copy(self._checkout / name, root.inside(target) / relative)
