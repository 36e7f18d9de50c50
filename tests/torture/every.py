"""Every harness by its name, in the order in which all are run."""

from tests.torture import (
    canary,
    disk,
    fsync_order,
    fuzz,
    hostile,
    images,
    jumps,
    kill,
    loris,
    reloads,
    source_fuzz,
    term,
)

HARNESSES = {
    one.name: one
    for one in (
        kill.HARNESS,
        fsync_order.HARNESS,
        images.HARNESS,
        term.HARNESS,
        disk.HARNESS,
        jumps.HARNESS,
        loris.HARNESS,
        fuzz.HARNESS,
        source_fuzz.HARNESS,
        hostile.HARNESS,
        canary.HARNESS,
        reloads.HARNESS,
    )
}
