"""The driver `kubernetes`, as the registry has it."""

import os
from typing import TYPE_CHECKING

from zdm.config.settings import RolloutSettings
from zdm.rollout.kubernetes.settings import KubernetesSettings, assume_dead
from zdm.rollout.port import Complain, Document, Driver, JobRequest

if TYPE_CHECKING:
    from zdm.execute.ports import Observer, Platform
    from zdm.model.diagnosis import Diagnosis


def _platform(settings: KubernetesSettings) -> "Platform":
    from zdm.rollout.kubernetes import client, driver, watch

    api = client.from_settings(settings.kubeconfig, settings.context)
    return driver.Kubernetes(settings, api, watch=watch.PodWatch(api, settings.namespaces))


def _doctor(settings: KubernetesSettings, rollout: RolloutSettings) -> "tuple[Diagnosis, ...]":
    from zdm.errors import ZdmError
    from zdm.model import diagnosis
    from zdm.model.release import Version
    from zdm.rollout.kubernetes import client, rbac
    from zdm.rollout.kubernetes.doctor import checks, cluster

    try:
        api = client.from_settings(settings.kubeconfig, settings.context)
    except ZdmError as error:
        return (diagnosis.failed("cluster", error.message, error.hint),)
    versions = (Version(rollout.old), Version(rollout.new))
    own = os.environ.get("POD_NAMESPACE", "")  # set in the Job that `zdm manifest` prints
    return checks.examine(
        cluster.ClusterOfSettings(settings, api, versions), rbac.scope_of(settings, own)
    )


def _announcers(settings: KubernetesSettings, complain: Complain) -> "tuple[Observer, ...]":
    if not settings.announce:
        return ()
    from zdm.execute.clock import SystemClock
    from zdm.rollout.kubernetes import announcer, client
    from zdm.rollout.kubernetes.objects import Ref

    space, name = os.environ.get("POD_NAMESPACE"), os.environ.get("POD_NAME")
    audience = announcer.Audience(
        workloads=tuple(Ref(w.kind, w.namespace, w.name) for w in settings.workloads),
        own_pod=Ref("Pod", space, name) if space and name else None,
    )
    api = client.from_settings(settings.kubeconfig, settings.context, hurried=True)
    return (announcer.Announcing(api, audience, SystemClock().now, complain),)


def _manifest(settings: KubernetesSettings, request: JobRequest) -> dict[str, Document]:
    from zdm.rollout.kubernetes import manifest

    return manifest.of_settings(settings, request)


DRIVER = Driver(
    name="kubernetes",
    settings=KubernetesSettings,
    platform=_platform,
    doctor=_doctor,
    announcers=_announcers,
    assume_dead=assume_dead,
    manifest=_manifest,
)
