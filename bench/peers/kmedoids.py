"""FasterPAM of kmedoids: as many random starts as fit into the time; it has no bound."""

import kmedoids
import numpy as np

from bench.peers.told import THREADS, CannotError, Clock, Told, chosen
from bench.rows import Instance


def solve(instance: Instance, clock: Clock) -> Told:
    """Cluster around medoids again and again, and keep the best."""
    if not _is_square(instance):
        raise CannotError("knows no weights, and no sites other than the points themselves")
    far = instance.dense()
    if far.dtype == np.float64 and np.array_equal(far, np.floor(far)) and far.max() < 2**31:
        far = far.astype(np.int32)
    best, loss, starts, took_s = None, np.inf, 0, 0.0
    while starts == 0 or clock.now_s + took_s < clock.seconds:
        began_s = clock.now_s
        found = kmedoids.fasterpam(far, instance.p, random_state=starts, n_cpu=THREADS)
        took_s = max(took_s, clock.now_s - began_s)
        starts += 1
        if found.loss < loss:
            best, loss = found.medoids, float(found.loss)
            clock.note(loss, np.nan)
    return Told(open=chosen(best, instance.gains.sites), note=f"{starts} starts")


def _is_square(instance: Instance) -> bool:
    """Tell whether every point is a site and counts the same."""
    if instance.ground is None:
        return instance.matrix is not None and instance.matrix.shape[0] == instance.matrix.shape[1]
    ground = instance.ground
    return np.array_equal(ground.at, ground.sites) and bool((ground.weight == 1).all())
