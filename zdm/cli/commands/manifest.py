"""`zdm manifest`: a plan as a Kubernetes Job, with the rights it needs."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from zdm.cli import CONFIG, options, wiring
from zdm.cli.options import PlanFile


class ManifestFormat(StrEnum):
    """How the documents are written."""

    YAML = "yaml"
    KUSTOMIZE = "kustomize"


def command(
    context: typer.Context,
    plan: PlanFile,
    image: Annotated[
        str,
        typer.Option(
            help="Image with zdm, best pinned by digest.",
            metavar="REF",
            show_default=False,
        ),
    ],
    namespace: Annotated[
        str | None,
        typer.Option(
            help="Namespace of the Job; else the first one in the settings.",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        str, typer.Option(help="Name of the ServiceAccount, Roles and NetworkPolicy.")
    ] = "zdm",
    attempt: Annotated[
        int,
        typer.Option(
            help="Number in the Job's name; a new one runs the plan again.", min=1, max=10_000
        ),
    ] = 1,
    secret: Annotated[
        str, typer.Option(help="Secret with the direct URL of the database.")
    ] = "zdm-database",
    secret_key: Annotated[str, typer.Option(help="Key of the URL in that Secret.")] = "url",
    plan_in_image: Annotated[
        bool,
        typer.Option(
            "--plan-in-image",
            help="Use zdm.toml in the image's working folder and the plan at this path in the"
            " image; else a ConfigMap holds both.",
        ),
    ] = False,
    database_port: Annotated[
        int, typer.Option(help="Port of the database, for the NetworkPolicy.", min=1, max=65535)
    ] = 5432,
    metrics_port: Annotated[
        int | None,
        typer.Option(
            help="Serve the run's metrics on this port, and add a PodMonitor.",
            min=1024,
            max=65535,
            show_default=False,
        ),
    ] = None,
    form: Annotated[
        ManifestFormat,
        typer.Option("--format", help="One YAML stream, or a folder for kustomize (with -o)."),
    ] = ManifestFormat.YAML,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="PATH", help="File or folder to write, instead of stdout."
        ),
    ] = None,
) -> None:
    """Print the Kubernetes objects that run a plan as a Job.

    Job, ServiceAccount, a Role and a RoleBinding per namespace, NetworkPolicy and ConfigMap,
    for the workloads of [rollout.kubernetes] in zdm.toml. Nothing is sent to the cluster.
    """
    from zdm.workflows import job_manifest

    asked = job_manifest.Asked(
        plan=plan,
        image=image,
        settings_file=context.meta.get(CONFIG),
        namespace=namespace,
        account=name,
        attempt=attempt,
        secret=secret,
        secret_key=secret_key,
        plan_in_image=plan_in_image,
        database_port=database_port,
        metrics_port=metrics_port,
    )
    _write(job_manifest.run(wiring.settings(context), asked), form, output)
    _note_unpinned(image)


def _note_unpinned(image: str) -> None:
    if "@sha256:" not in image:
        options.say(
            f"note: {image} is not pinned by digest, so a repeated Job may run another zdm"
        )


def _write(
    documents: dict[str, dict[str, object]], form: ManifestFormat, output: Path | None
) -> None:
    from zdm.errors import InputError
    from zdm.render import manifest
    from zdm.workflows import plan_files

    match form, output:
        case ManifestFormat.YAML, None:
            typer.echo(manifest.stream(documents), nl=False)
        case ManifestFormat.YAML, Path():
            plan_files.write(output, manifest.stream(documents))
        case ManifestFormat.KUSTOMIZE, Path():
            for file, text in manifest.kustomize(documents).items():
                plan_files.write(output / file, text)
        case ManifestFormat.KUSTOMIZE, None:
            raise InputError(
                "kustomize wants a folder, and none is named", hint="name one with -o FOLDER"
            )
    if output is not None:
        options.say(f"{output} written")
