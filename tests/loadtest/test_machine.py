"""What a measurement says about its machine."""

from loadtest import machine


def test_it_is_described() -> None:
    described = machine.describe()
    assert described.cpu
    assert described.cores >= 1
    assert described.versions["glossator"]


def test_busy_cores_are_between_none_and_all() -> None:
    described = machine.describe()
    assert 0 <= machine.busy_cores(0.05) <= max(described.cores, 1024)


def test_a_busy_loop_shows() -> None:
    """The figure is of the whole machine, and this thread is part of it."""
    import threading

    done = threading.Event()

    def spin() -> None:
        while not done.is_set():
            pass

    spinning = threading.Thread(target=spin)
    spinning.start()
    try:
        assert machine.busy_cores(0.3) > 0.3
    finally:
        done.set()
        spinning.join()
