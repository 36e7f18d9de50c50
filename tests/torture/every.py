"""Every harness by its name, in the order in which all are run."""

from tests.torture import disk, fsync_order, fuzz, images, kill, loris, term

HARNESSES = {
    one.name: one
    for one in (
        kill.HARNESS,
        fsync_order.HARNESS,
        images.HARNESS,
        term.HARNESS,
        disk.HARNESS,
        loris.HARNESS,
        fuzz.HARNESS,
    )
}
