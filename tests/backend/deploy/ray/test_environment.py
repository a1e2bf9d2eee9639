"""The environment of Ray: what one cluster needs, and what keeps two of them apart."""

from pathlib import Path

from backend.deploy.ray.environment import served, tuned


def test_two_clusters_share_no_port_and_no_socket(tmp_path: Path) -> None:
    one, other = tuned(tmp_path / "one"), tuned(tmp_path / "other")
    for name in one:
        if name.startswith("RAY_SERVE_HAPROXY"):
            assert one[name] != other[name], name


def test_what_is_compared_with_ours_has_all_of_ours_that_is_not_about_our_own_parts(
    tmp_path: Path,
) -> None:
    ours = served(tmp_path, 7.5)
    assert tuned(tmp_path).keys() < ours.keys()
    assert ours["RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S"] == "7.5"
